import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { type Browser, chromium, type Page } from 'playwright-core'

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))

/** A Chromium that needs nothing installed. `CHROMIUM_PATH` names another one, which arm64 requires. */
export async function launchBrowser(): Promise<Browser> {
  const own = process.env['CHROMIUM_PATH']
  if (own) return await chromium.launch({ executablePath: own, args: ARGS })
  if (process.arch !== 'x64')
    throw new Error('the bundled Chromium is for x64: set CHROMIUM_PATH to one of this machine')
  const home = unpacked()
  const env = { ...process.env, LD_LIBRARY_PATH: join(home, 'lib'), FONTCONFIG_FILE: join(home, 'fonts.conf') }
  return await chromium.launch({ executablePath: join(home, 'chromium'), args: ARGS, env })
}

/** The browser logs these about every 401 answer, and where a test types before the page has placed the focus. */
const EXPECTED = ['status of 401', 'Autofocus processing was blocked']

/** Fills while a page is open: what the browser logs, and which requests go to origins other than these. */
export function complaintsOf(page: Page, origins: string[]): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (!EXPECTED.some((text) => message.text().includes(text))) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!origins.includes(new URL(request.url()).origin)) complaints.push(request.url())
  })
  return complaints
}

const ARGS = ['--no-sandbox', '--disable-gpu', '--no-zygote']

/** Unpacked once into a draft that is renamed when complete, because two test runs may do it at the same time. */
function unpacked(): string {
  const require = createRequire(import.meta.url)
  const entry = require.resolve('@sparticuz/chromium')
  const root = entry.slice(0, entry.lastIndexOf('@sparticuz/chromium') + '@sparticuz/chromium'.length)
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const home = join(CACHE, `chromium-${version}`)
  if (existsSync(home)) return home
  mkdirSync(dirname(home), { recursive: true })
  const draft = mkdtempSync(`${home}-`)
  chmodSync(draft, 0o755) // Another user may run the tests in this folder.
  const read = (name: string) => brotliDecompressSync(readFileSync(join(root, 'bin', name)))
  writeFileSync(join(draft, 'chromium'), read('chromium.br'), { mode: 0o755 })
  for (const name of ['al2023.tar.br', 'fonts.tar.br']) {
    execFileSync('tar', ['-x', '--no-same-owner', '-C', draft], { input: read(name) })
  }
  writeFileSync(join(draft, 'fonts.conf'), fontsConf(join(home, 'fonts'), join(CACHE, 'fontconfig')))
  try {
    renameSync(draft, home)
  } catch (error) {
    rmSync(draft, { recursive: true })
    if (!existsSync(home)) throw error
  }
  return home
}

/** On a machine without fonts pages would have no text. */
function fontsConf(fonts: string, cache: string): string {
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir></fontconfig>`
}
