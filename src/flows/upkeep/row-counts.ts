import type { Deps } from '../../deps.ts'
import { isWithin, MINUTE } from '../../platform/clock.ts'
import type { Sql } from '../../store/db.ts'
import { findIdBelow, type IdSpan } from '../../store/id-spans.ts'
import { takeLease } from '../../store/node-leases.ts'
import { countSessions } from '../../store/sessions.ts'
import { findSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import { countUsers } from '../../store/users.ts'
import { countSteps, STEP_ROWS } from '../pagination.ts'

export interface RowCounts {
  users: number
  sessions: number
  liveSessions: number
}

const ENTRY = 'row_counts'
/** How often one daemon of all counts. */
export const COUNT_EVERY_MS = MINUTE
/** An older count has no daemon that keeps it. */
const KEPT_MS = 5 * MINUTE

/**
 * The number of users and sessions. Few are counted now. Of many, it returns what a daemon counted a minute or two ago, so
 * that nobody waits for a million rows. Without a daemon it counts.
 */
export async function readRowCounts(deps: Pick<Deps, 'clock' | 'db'>): Promise<RowCounts> {
  const text = await deps.db.read(async (sql) =>
    (await areMany(sql)) ? await findSystemConfig(sql, ENTRY) : undefined,
  )
  const { at, ...kept } = JSON.parse(text ?? '{"at":0}') as RowCounts & { at: number }
  return isWithin(deps.clock.now(), at, KEPT_MS) ? kept : await countRows(deps)
}

/** Counts for all processes, if there is much to count. One daemon does it at a time. */
export async function keepRowCounts(deps: Pick<Deps, 'clock' | 'db' | 'nodeId'>): Promise<void> {
  if (!(await deps.db.read(areMany))) return
  const now = deps.clock.now()
  const lease = { name: 'row counts', holder: deps.nodeId, now, expiresAt: now + 2 * COUNT_EVERY_MS }
  if (!(await deps.db.write((trx) => takeLease(trx, lease)))) return
  const value = JSON.stringify({ at: now, ...(await countRows(deps)) })
  await deps.db.write((trx) => setSystemConfig(trx, { key: ENTRY, value, now, by: deps.nodeId }))
}

async function areMany(sql: Sql): Promise<boolean> {
  for (const table of ['users', 'sessions'] as const)
    if ((await findIdBelow(sql, table, { rows: STEP_ROWS })) !== undefined) return true
  return false
}

/** In steps, because it reads every row. */
async function countRows(deps: Pick<Deps, 'clock' | 'db'>): Promise<RowCounts> {
  const liveAt = deps.clock.now()
  const all = async (table: 'users' | 'sessions', count: (sql: Sql, span: IdSpan) => Promise<number>) =>
    (await countSteps(deps, { table, count }, Number.POSITIVE_INFINITY)).count
  return {
    users: await all('users', countUsers),
    sessions: await all('sessions', countSessions),
    liveSessions: await all('sessions', (sql, span) => countSessions(sql, { ...span, liveAt })),
  }
}
