import type { Wired } from '../startup/wire.ts'
import { tell } from './output/clean.ts'

/** Reopens the log file after a rename. A failure is logged to the file that is still open. */
export function reopenLog({ log, logFile }: Pick<Wired, 'log' | 'logFile'>): void {
  try {
    logFile?.reopen()
    log.info('log file reopened', { file: logFile?.path ?? null })
  } catch (error) {
    log.error('log file not reopened: writing to the old one', { error })
    // The old file was removed, so nobody reads it.
    const why = error instanceof Error ? error.message : error
    tell(`authd: log file not reopened: ${why}`)
  }
}
