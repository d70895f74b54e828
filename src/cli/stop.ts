import { LAST_WRITES_MS } from '../daemon.ts'
import { type AuthdError, ERRORS } from '../errors.ts'
import type { ProcessLog } from '../platform/log.ts'

interface Stopper {
  signal: AbortSignal
  now(): void
  /** From now on a bug is logged and stops the daemon. */
  onBug(log: Pick<ProcessLog, 'error'>): void
  /** Logs why, and stops the daemon with the exit code of this error. */
  because(log: Pick<ProcessLog, 'error'>, error: AuthdError): void
}

/**
 * The first SIGTERM or SIGINT stops the daemon in order. A second one exits immediately. So does the end of the time
 * that a stop may take: what still runs then waits for something outside, and its lease brings it back.
 */
export function stopper(timeoutMs: number): Stopper {
  const controller = new AbortController()
  const now = () => {
    if (controller.signal.aborted) return
    controller.abort()
    setTimeout(() => process.exit(), timeoutMs + LAST_WRITES_MS).unref()
  }
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    now()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return {
    signal: controller.signal,
    now,
    onBug(log) {
      // An unhandled rejection ends here, too.
      process.on('uncaughtException', (error) => {
        log.error('a bug: authd stops', { error })
        process.exitCode = ERRORS.INTERNAL_ERROR.exit
        now()
      })
    },
    because(log, error) {
      log.error('authd stops', { error })
      process.exitCode = error.exit
      now()
    },
  }
}
