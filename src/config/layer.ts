import { dirname, resolve } from 'node:path'
import type { Problem } from './problem.ts'
import type { Key } from './schema.ts'
import type { ValueSource } from './value-source.ts'

/** One value that was set for a key, not yet checked. */
export interface Candidate {
  key: Key
  value: unknown
  /** The source has only text, so numbers and lists must be parsed. */
  isText: boolean
  source: ValueSource
}

/** The values of one source. Of two candidates for one key, the first wins. */
export interface Layer {
  candidates: Candidate[]
  problems: Problem[]
  warnings: Problem[]
  /** The source could not be read completely, so its values are unknown. */
  isIncomplete?: boolean
}

export function joinLayers(layers: readonly Layer[]): Layer {
  return {
    candidates: layers.flatMap(({ candidates }) => candidates),
    problems: layers.flatMap(({ problems }) => problems),
    warnings: layers.flatMap(({ warnings }) => warnings),
    isIncomplete: layers.some(({ isIncomplete }) => isIncomplete),
  }
}

/** The path that means standard input. */
export const STDIN = '-'

/** A relative path starts at the folder of the file that contains it, or else at the working directory. */
export function resolvePath(path: string, source: ValueSource, cwd: string): string {
  const isInFile = (source.kind === 'file' || source.kind === 'dotenv') && source.path !== STDIN
  return resolve(isInFile ? dirname(source.path) : cwd, path)
}
