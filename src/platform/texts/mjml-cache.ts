import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { replaceFile } from '../files.ts'
import { makeFolder } from '../folder.ts'
import { renderMjml } from './mjml.ts'

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/authd/', import.meta.url))

/** Compiles the built-in MJML. The HTML is cached, because loading mjml takes half a second. */
export async function compileMjml(mjml: string): Promise<string> {
  const file = join(CACHE, `${hash('sha256', mjml)}.html`)
  const kept = await readFile(file, 'utf8').catch(() => undefined) // Missing or unreadable: compile again.
  if (kept !== undefined) return kept
  const { html, faults } = await renderMjml(mjml)
  if (faults.length > 0) throw new Error(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'))
  await keep(file, html).catch(() => undefined) // Without a cache, compiling only takes longer.
  return html
}

async function keep(file: string, html: string): Promise<void> {
  makeFolder(CACHE)
  replaceFile(file, html, { mode: 0o644 })
}
