import type { Deps } from '../deps.ts'
import { sealAudit } from '../flows/audit.ts'
import { deleteOldRows } from '../flows/housekeeping.ts'
import { ANNOUNCE_MS, announceNode, type Node } from '../flows/node.ts'
import { dispatchOutbox } from '../flows/outbox.ts'
import { flushTally } from '../flows/rate-limit.ts'
import { applySettings } from '../flows/setting.ts'
import { HOUR, SECOND } from '../platform/clock.ts'

/** Work whose client is the clock. */
export interface Job {
  name: string
  everyMs: number
  /** Runs soon after any commit, too: there may be something to do. */
  isWokenByCommits: boolean
  /** True: there is more to do at once. */
  run(deps: Deps): Promise<boolean>
}

export const JOBS: readonly Job[] = [
  {
    name: 'outbox',
    everyMs: SECOND,
    isWokenByCommits: true,
    run: async (deps) => (await dispatchOutbox(deps)) > 0,
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
