import type { Clock } from './clock.ts'

/** What can be wrong with a running daemon. */
export const TROUBLES = ['database', 'mail', 'log'] as const

export type TroubleName = (typeof TROUBLES)[number]

/** Why something does not work. */
export interface TroubleCause {
  /** For anyone: `the disk is full`. */
  reason: string
  /** For operators: `/var/lib/authd has 0 MiB free`. */
  detail?: string | undefined
}

export interface Trouble extends TroubleCause {
  name: TroubleName
  /** Epoch milliseconds. */
  since: number
}

/** What is wrong with this process now, and since when. Probes, log and metrics show the same. */
export interface Troubles {
  /** Called at every failure. The first one since it worked sets the time. */
  begin(name: TroubleName, cause: TroubleCause): void
  /** Called at every success. */
  end(name: TroubleName): void
  /** Oldest first. */
  list(): readonly Trouble[]
}

export interface TroubleListener {
  /** Called when something breaks, and when it breaks for another reason. */
  began?(trouble: Trouble): void
  ended?(trouble: Trouble): void
}

export function createTroubles(clock: Clock, { began, ended }: TroubleListener = {}): Troubles {
  const current = new Map<TroubleName, Trouble>()
  return {
    begin(name, cause) {
      const known = current.get(name)
      if (known?.reason === cause.reason) return
      const trouble = { ...cause, name, since: known?.since ?? clock.now() }
      current.set(name, trouble)
      began?.(trouble)
    },
    end(name) {
      const trouble = current.get(name)
      if (!trouble) return
      current.delete(name)
      ended?.(trouble)
    },
    list: () => [...current.values()],
  }
}
