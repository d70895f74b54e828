import { readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { closest } from '../platform/closest.ts'

export interface OverrideFile {
  /** `signin.mjml`, `de.json` */
  name: string
  path: string
  text: string
}

/** What is wrong with a file of the operator's, and what to do. */
export interface TextProblem {
  path: string
  line?: number | undefined
  message: string
  suggestion?: string | undefined
}

export interface OverrideFiles {
  files: OverrideFile[]
  problems: TextProblem[]
}

/** The files of a folder that are named like one of ours; what is named differently and looks like one is a mistake. */
export function readOverrides(
  folder: string,
  { known, mayBeMissing }: { known: readonly string[]; mayBeMissing: boolean },
): OverrideFiles {
  const extensions = new Set(known.map((name) => extname(name)))
  const files: OverrideFile[] = []
  const problems: TextProblem[] = []
  for (const name of namesIn(folder, mayBeMissing, problems)) {
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
  return { files, problems }
}

function adviceFor(name: string, known: readonly string[]): string {
  const extension = extname(name)
  const stems = known.flatMap((one) => (extname(one) === extension ? [basename(one, extension)] : []))
  const near = closest(basename(name, extension), stems)
  return near ? `Did you mean "${near}${extension}"?` : `There are ${stems.join(', ')}`
}

function namesIn(folder: string, mayBeMissing: boolean, problems: TextProblem[]): string[] {
  try {
    return readdirSync(folder).sort()
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) problems.push({ path: folder, message: `cannot be read: ${reasonOf(error)}` })
    else if (!mayBeMissing) {
      const suggestion = 'Make the folder, or take the key out of the configuration'
      problems.push({ path: folder, message: 'there is no such folder', suggestion })
    }
    return []
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return { EACCES: 'this user may not', EISDIR: 'it is a folder', ENOTDIR: 'it is no folder' }[code] ?? String(error)
}
