import { dirname, resolve } from 'node:path'
import type { Problem } from './problem.ts'
import type { Key } from './schema.ts'
import type { ValueSource } from './value-source.ts'

/** One value that somebody wrote for a key, not yet checked. */
export interface Candidate {
  key: Key
  value: unknown
  /** Came as text from where there is nothing but text, so numbers and lists are read out of it. */
  isText: boolean
  source: ValueSource
}

/** What one source says. Candidates are in order: of two for the same key, the first counts. */
export interface Layer {
  candidates: Candidate[]
  problems: Problem[]
  warnings: Problem[]
  /** The source could not be read to its end, so nobody knows what it would have said. */
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

/** The path that stands for a configuration that came through stdin. */
export const STDIN = '-'

/** A relative path means the folder of the file that it is written in; elsewhere, the working directory. */
export function resolvePath(path: string, source: ValueSource, cwd: string): string {
  const isInFile = (source.kind === 'file' || source.kind === 'dotenv') && source.path !== STDIN
  return resolve(isInFile ? dirname(source.path) : cwd, path)
}
