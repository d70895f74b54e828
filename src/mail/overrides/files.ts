import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { closest } from '../../platform/closest.ts'

export interface OverrideFile {
  /** `signin.mjml`, `de.json` */
  name: string
  path: string
  text: string
}

/** A problem in a file of the operator, and what to do. */
export interface TextProblem {
  path: string
  line?: number | undefined
  message: string
  suggestion?: string | undefined
}

export interface OverrideFiles {
  files: OverrideFile[]
  problems: TextProblem[]
  warnings: TextProblem[]
}

/**
 * Reads the files of a folder that have the name of a built-in file. An unknown name with the same extension is a
 * mistake.
 */
export function readOverrides(
  folder: string,
  { known, mayBeMissing }: { known: readonly string[]; mayBeMissing: boolean },
): OverrideFiles {
  const extensions = new Set(known.map((name) => extname(name)))
  const files: OverrideFile[] = []
  const { names, problems, warnings } = namesIn(folder, mayBeMissing)
  for (const name of names) {
    const path = join(folder, name)
    if (name.startsWith('.') || !extensions.has(extname(name))) continue
    if (!known.includes(name)) {
      problems.push({ path, message: `authd has no ${name}`, suggestion: adviceFor(name, known) })
      continue
    }
    try {
      files.push({
        name,
        path,
        text: readFileSync(path, 'utf8')
          .replace(/^\uFEFF/, '')
          .replaceAll('\r\n', '\n'),
      })
    } catch (error) {
      problems.push({ path, message: `cannot be read: ${reasonOf(error)}` })
    }
  }
  return { files, problems, warnings }
}

function adviceFor(name: string, known: readonly string[]): string {
  const extension = extname(name)
  const stems = known.flatMap((one) => (extname(one) === extension ? [basename(one, extension)] : []))
  const near = closest(basename(name, extension), stems)
  return near ? `Did you mean "${near}${extension}"?` : `The files are ${stems.join(', ')}`
}

function namesIn(folder: string, mayBeMissing: boolean): Omit<OverrideFiles, 'files'> & { names: string[] } {
  const none = { names: [], problems: [], warnings: [] }
  try {
    return { ...none, names: readdirSync(folder).sort() }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' && mayBeMissing) return none
    const suggestion = 'Create the folder, or remove the key from the configuration'
    if (code === 'ENOENT') return { ...none, problems: [{ path: folder, message: 'does not exist', suggestion }] }
    const fault = { path: folder, message: `cannot be read: ${reasonOf(error)}` }
    // A folder that is not configured must not stop the start.
    return code === 'EACCES' && mayBeMissing ? { ...none, warnings: [fault] } : { ...none, problems: [fault] }
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return (
    { EACCES: 'this user has no permission', EISDIR: 'it is a folder', ENOTDIR: 'it is not a folder' }[code] ??
    String(error)
  )
}
