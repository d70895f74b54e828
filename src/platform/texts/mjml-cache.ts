import { hash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { renderMjml } from './mjml.ts'

const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/authd/', import.meta.url))

/** Our own MJML → HTML. What was compiled once is kept, since loading mjml takes half a second. */
export async function compileMjml(mjml: string): Promise<string> {
  const file = join(CACHE, `${hash('sha256', mjml)}.html`)
  const kept = await readFile(file, 'utf8').catch(() => undefined) // Not there yet, or not readable: compile.
  if (kept !== undefined) return kept
  const { html, faults } = await renderMjml(mjml)
  if (faults.length > 0) throw new Error(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'))
  await keep(file, html).catch(() => undefined) // A folder that can't be written costs time, not mail.
  return html
}

async function keep(file: string, html: string): Promise<void> {
  await mkdir(CACHE, { recursive: true })
  const draft = `${file}.${process.pid}`
  await writeFile(draft, html)
  await rename(draft, file)
}
