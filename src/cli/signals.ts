const HEEDED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const

type Actions = Partial<Record<(typeof HEEDED)[number], () => void>>

export interface HeededSignals {
  /** What each does from now on; what came before counts. One that is not named does nothing. */
  act(actions: Actions): void
}

/**
 * A signal nobody listens to ends the process. A daemon listens from its first moment, so that a log rotation or a
 * reload while it starts does not end it.
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
