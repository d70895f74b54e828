import { hash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/authd/', import.meta.url))

/** MJML → HTML; placeholders pass through. What was compiled once is kept, since loading mjml takes half a second. */
export async function compileMjml(mjml: string): Promise<string> {
  const file = join(CACHE, `${hash('sha256', mjml)}.html`)
  const kept = await readFile(file, 'utf8').catch(() => undefined) // Not there yet, or not readable: compile.
  if (kept !== undefined) return kept
  const { default: mjml2html } = await import('mjml')
  const { html } = await mjml2html(mjml, {
    validationLevel: 'strict',
    fonts: {},
    ignoreIncludes: true,
    keepComments: false,
  })
  const tidy = html.replace(/^\s+/gm, '').replace(/\n{2,}/g, '\n')
  await keep(file, tidy).catch(() => undefined) // A folder that can't be written costs time, not mail.
  return tidy
}

async function keep(file: string, html: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, html)
  await rename(draft, file)
}
