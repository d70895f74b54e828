import type { Deps } from '../deps.ts'
import { sealAudit } from '../flows/audit/audit.ts'
import { flushTally } from '../flows/limits/rate-limit.ts'
import { deleteOldRows } from '../flows/operator/housekeeping.ts'
import { ANNOUNCE_MS, announceNode, type Node } from '../flows/operator/node.ts'
import { applySettings } from '../flows/operator/setting.ts'
import { deliverNextMail } from '../flows/outbox/mail.ts'
import { deliverNextWebhook, queueWebhooks } from '../flows/outbox/webhook-delivery.ts'
import { HOUR, SECOND } from '../platform/clock.ts'

/** Work whose client is the clock. */
export interface Job {
  name: string
  everyMs: number
  /** Runs soon after any commit, too: there may be something to do. */
  isWokenByCommits: boolean
  /** How many run at once in one process; one, if not said. */
  workers?: (deps: Deps) => number
  /** True: there is more to do at once. */
  run(deps: Deps): Promise<boolean>
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
    // One hangs at most for each endpoint that does, and those are soon left alone.
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
    run: async (deps) => {
      await sealAudit(deps)
      return false
    },
  },
  {
    name: 'rate-limits',
    everyMs: SECOND,
    isWokenByCommits: false,
    run: async (deps) => {
      await flushTally(deps)
      return false
    },
  },
  {
    // What this process keeps of the database is never older than this.
    name: 'epochs',
    everyMs: SECOND,
    isWokenByCommits: false,
    run: async (deps) => {
      await deps.cache.refresh()
      await applySettings(deps)
      return false
    },
  },
  {
    name: 'housekeeping',
    everyMs: HOUR,
    isWokenByCommits: false,
    run: async (deps) => {
      await deleteOldRows(deps)
      return false
    },
  },
]

/** Where several daemons may share a database, each says that it runs. */
export function announcing(node: Node): Job {
  return {
    name: 'announce',
    everyMs: ANNOUNCE_MS,
    isWokenByCommits: false,
    run: async (deps) => {
      await announceNode(deps, node)
      return false
    },
  }
}
