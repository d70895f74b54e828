import type { Deps } from '../deps.ts'
import { toRfc3339, toSeconds } from '../platform/clock.ts'
import { createTroubles, TROUBLES, type Troubles } from '../platform/troubles.ts'

/** Troubles with one line in the log when they begin and end, and a gauge while they last. */
export function toldTroubles({ clock, log, metrics }: Pick<Deps, 'clock' | 'log' | 'metrics'>): Troubles {
  const gauge = (what: string, since: number) => {
    metrics.set('authd_trouble_since_timestamp_seconds', { what }, since)
    if (what === 'database') metrics.set('authd_database_up', {}, since === 0 ? 1 : 0)
  }
  for (const what of TROUBLES) gauge(what, 0)
  return createTroubles(clock, {
    began({ name, reason, detail, since }) {
      gauge(name, toSeconds(since))
      log.error('trouble began', {
        what: name,
        reason,
        ...(detail !== undefined && { detail }),
        since: toRfc3339(since),
      })
    },
    ended({ name, since }) {
      gauge(name, 0)
      log.warn('trouble ended', { what: name, since: toRfc3339(since) })
    },
  })
}
