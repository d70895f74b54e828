import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { HOUR } from '../platform/clock.ts'
import { StoreError } from '../store/db.ts'
import type { InspectedCopy } from '../store/sqlite-backup.ts'
import { INSPECTION_PROGRAM } from './inspection-program.ts'

/** A disk that hangs ends with this. A file of many gigabytes takes minutes. */
const LONGEST_MS = 12 * HOUR

/** What the separate process says. */
export type Inspection = { found: InspectedCopy } | { fault: string; reason: string }

/**
 * Reads every page of an SQLite file in a separate process, so that a file that makes SQLite crash or use all memory does
 * not end the command. Throws StoreError for a file that is damaged or no database of authd.
 */
export async function inspectSeparately(
  path: string,
  key: string,
  program: readonly string[] = INSPECTION_PROGRAM,
): Promise<InspectedCopy> {
  const child = spawn(process.execPath, program, { env: {}, stdio: 'pipe', timeout: LONGEST_MS, killSignal: 'SIGKILL' })
  const end = () => void child.kill('SIGKILL')
  process.once('exit', end)
  child.stdin.on('error', () => undefined) // The child ended early. Its exit code is checked below.
  child.stdin.end(JSON.stringify({ path, key }))
  const [answer, [code, signal]] = await Promise.all([text(child.stdout), once(child, 'close'), text(child.stderr)])
  process.off('exit', end)
  if (code !== 0) {
    const why = `the process that read it ended with ${code ?? signal}`
    throw new StoreError('unavailable', `The backup cannot be used: ${why}.`, undefined, why)
  }
  const inspection = JSON.parse(answer) as Inspection
  if ('found' in inspection) return inspection.found
  throw new StoreError('unavailable', inspection.fault, undefined, inspection.reason)
}
