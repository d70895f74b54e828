import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BUILD } from '../build-info.ts'
import { createFile, openPlainFile } from '../platform/files.ts'
import { makeFolder } from '../platform/folder.ts'
import { hideTokens } from '../platform/secret.ts'

/** The newest are enough: a bug that is met often makes equal ones. */
const MOST_READ = 10
const MOST_BYTES = 1 << 20

/** Writes what a developer needs to find a bug, without secrets. Undefined if it cannot be written. */
export function writeCrashReport(thrown: unknown): string | undefined {
  const folder = crashFolder()
  const path = join(folder, `crash-${process.pid}-${Math.round(performance.timeOrigin)}.json`)
  const stack = thrown instanceof Error ? hideTokens(thrown.stack ?? '') : ''
  const { version, commit } = BUILD
  const report = { authd: version, commit, node: process.version, command: process.argv[2], stack }
  try {
    makeFolder(folder, 0o700)
    createFile(path, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 })
    return path
  } catch {
    return undefined
  }
}

export interface CrashReport {
  file: string
  /** Epoch milliseconds. */
  at: number
  text: string
}

/** Those of the user who runs the command, the newest first. */
export function readCrashReports(): CrashReport[] {
  const reports = namesIn(crashFolder()).flatMap((name) => {
    try {
      const path = join(crashFolder(), name)
      const file = openPlainFile(path)
      try {
        const text = file.bytes(MOST_BYTES)?.toString()
        return text === undefined ? [] : [{ file: name, at: statSync(path).mtimeMs, text }]
      } finally {
        file.close()
      }
    } catch {
      // A link, or it was deleted meanwhile. The bundle has what can be read.
      return []
    }
  })
  return reports.toSorted((one, other) => other.at - one.at).slice(0, MOST_READ)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^crash-.+\.json$/.test(name))
  } catch {
    // No command has crashed yet.
    return []
  }
}

function crashFolder(): string {
  const state = process.env['XDG_STATE_HOME'] ?? join(process.env['HOME'] ?? '/', '.local/state')
  return join(state, 'authd')
}
