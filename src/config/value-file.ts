import { readFileSync, statSync } from 'node:fs'
import { AuthdError } from '../errors.ts'
import { shell } from '../platform/shell.ts'
import { type Candidate, type Layer, resolvePath } from './layer.ts'
import { type Problem, problemAt } from './problem.ts'
import type { Key } from './schema.ts'
import { nameOfSource, type ValueSource } from './value-source.ts'

/** Reads a value from the file that `…_FILE` or `…_file` names, without the newline at its end. */
export function readValueFile(key: Key, source: ValueSource, written: string, cwd: string): Layer {
  const path = resolvePath(written, source, cwd)
  const name = nameOfSource(source, key.key)
  const problem = (message: string, suggestion: string): Layer => ({
    candidates: [],
    problems: [problemAt(source, { key: key.key, message: `${name}: ${message}`, suggestion })],
    warnings: [],
  })
  const text = readText(path)
  if (text === undefined) return problem(`the file ${path} does not exist`, 'Create it, or name another one')
  if (text === '') return problem(`the file ${path} is empty`, 'Write the value into it')
  const candidate: Candidate = { key, value: text, isText: true, source: { ...source, readFrom: path } as ValueSource }
  const isOpen = key.secret && isReadableByAll(path)
  const message = `${name}: everybody on this machine can read ${path}`
  const warnings = isOpen
    ? [problemAt(source, { key: key.key, message, suggestion: shell`Run chmod 600 ${path}` })]
    : []
  return { candidates: [candidate], problems: [], warnings }
}

/** Reads a file without the newline at its end. Undefined if the file does not exist. Throws CONFIG_UNREADABLE. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, '')
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    const reason = code === 'EISDIR' ? 'it is a directory' : code === 'EACCES' ? 'permission denied' : String(code)
    throw new AuthdError('CONFIG_UNREADABLE', {
      message: `${path} cannot be read: ${reason}.`,
      details: { path },
      suggestions: code === 'EACCES' ? ['run the command with sudo', 'sudo authd config check'] : [],
      cause,
    })
  }
}

/** Of a configuration file or `.env` that every user can change. */
export function warnOfWriters(path: string): Problem[] {
  if (((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) === 0) return []
  const message = `everybody on this machine can change ${path}`
  return [{ path, key: '', message, suggestion: shell`Run chmod o-w ${path}` }]
}

/** Of a file that holds the value of a secret. */
export function warnOfReaders(path: string, key: Key): Problem[] {
  if (!key.secret || !isReadableByAll(path)) return []
  const message = `everybody on this machine can read ${path}, which holds ${key.key}`
  return [{ path, key: key.key, message, suggestion: shell`Run chmod 640 ${path}` }]
}

function isReadableByAll(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0
}
