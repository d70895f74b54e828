import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { sealAudit } from '../flows/audit/numbering.ts'
import { flushTally } from '../flows/limits/rate-limit.ts'
import { keepDays } from '../flows/operator/daily-counts.ts'
import { putInForce } from '../flows/operator/setting.ts'
import { deliverNextMail } from '../flows/outbox/mail-sending.ts'
import { deliverNextWebhook, queueWebhooks } from '../flows/outbox/webhook-delivery.ts'
import { probeDatabase } from '../flows/upkeep/database-probe.ts'
import { ANNOUNCE_MS, announceNode, type Node, takeOver } from '../flows/upkeep/node.ts'
import { COUNT_EVERY_MS, keepRowCounts } from '../flows/upkeep/row-counts.ts'
import { eraseMore } from '../flows/users/erase-events.ts'
import { HOUR, MINUTE, SECOND } from '../platform/clock.ts'

/** Work that a timer starts. */
export interface Job {
  name: string
  everyMs: number
  /** Also runs soon after any commit, because there may be work then. */
  isWokenByCommits: boolean
  /** Also runs as soon as this process hears that another one changed what is cached. */
  isWokenByChanges?: boolean
  /** How many run at once in one process; one by default. */
  workers?: (deps: Deps) => number
  /**
   * Returns true if there is more to do now. Once `stopping` is aborted, it waits no longer for anything outside the
   * database.
   */
  run(deps: Deps, stopping: AbortSignal): Promise<boolean>
}

export const JOBS: readonly Job[] = [
  {
    name: 'mail',
    everyMs: SECOND,
    isWokenByCommits: true,
    workers: (deps) => deps.config.current().smtp.maxConnections,
    run: deliverNextMail,
  },
  {
    name: 'queue-webhooks',
    everyMs: SECOND,
    isWokenByCommits: true,
    run: queueWebhooks,
  },
  {
    // Each hanging endpoint holds one worker, and soon rests.
    name: 'webhooks',
    everyMs: SECOND,
    isWokenByCommits: true,
    workers: () => 8,
    run: deliverNextWebhook,
  },
  {
    name: 'seal-audit',
    everyMs: SECOND,
    isWokenByCommits: true,
    run: wholly(sealAudit),
  },
  {
    // Deletions of users with many events.
    name: 'erase-audit',
    everyMs: MINUTE,
    isWokenByCommits: false,
    run: eraseMore,
  },
  {
    name: 'rate-limits',
    everyMs: SECOND,
    isWokenByCommits: false,
    run: wholly(flushTally),
  },
  {
    // Caches in this process are never older than this.
    name: 'epochs',
    everyMs: SECOND,
    isWokenByCommits: false,
    isWokenByChanges: true,
    run: wholly(putInForce),
  },
  {
    // Nobody may write while sign-ins fail, so that this daemon would stay unready.
    name: 'probe-database',
    everyMs: SECOND,
    isWokenByCommits: false,
    run: wholly(probeDatabase),
  },
  {
    name: 'row-counts',
    everyMs: COUNT_EVERY_MS,
    isWokenByCommits: false,
    run: wholly(keepRowCounts),
  },
  {
    name: 'day-counts',
    everyMs: HOUR,
    isWokenByCommits: false,
    run: wholly(keepDays),
  },
]

/**
 * Announces this daemon to commands and other daemons, and takes over from those that are gone. `onRefused`: a command has
 * closed the database to daemons while this one could not be seen.
 */
export function announcing(node: Node, onRefused: (why: AuthdError) => void): Job {
  return {
    name: 'announce',
    everyMs: ANNOUNCE_MS,
    isWokenByCommits: false,
    run: wholly(async (deps) => {
      try {
        await announceNode(deps, node)
      } catch (error) {
        if (!(error instanceof AuthdError)) throw error
        return onRefused(error)
      }
      await takeOver(deps, node)
    }),
  }
}

/** A turn that does all the work there is. */
export function wholly(work: (deps: Deps) => Promise<unknown>): Job['run'] {
  return async (deps) => {
    await work(deps)
    return false
  }
}
