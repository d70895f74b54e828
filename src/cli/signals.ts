import { isatty } from 'node:tty'

const HEEDED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

type Actions = Partial<Record<(typeof HEEDED)[number], () => void>>

export interface HeededSignals {
  /** Sets what each signal does from now on, and does it for signals already received. Others are ignored. */
  act(actions: Actions): void
}

/**
 * A signal without a listener ends the process. The daemon listens from the start, so that a log rotation or a reload
 * during start-up does not end it.
 */
export function heedSignals(): HeededSignals {
  const early = new Set<NodeJS.Signals>()
  let current: Actions | undefined
  for (const signal of HEEDED) {
    process.on(signal, () => {
      if (current) current[signal]?.()
      else early.add(signal)
    })
  }
  return {
    act(actions) {
      current = actions
      for (const signal of HEEDED) if (early.delete(signal)) actions[signal]?.()
    },
  }
}

/** Says whether the daemon was started in a terminal that has been closed since. */
export function terminalWatch(): () => boolean {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd))
  return () => terminals.length > 0 && !terminals.some((fd) => isatty(fd))
}
