import { DAY, systemClock } from '../../src/platform/clock.ts'
import { firstId } from '../../src/platform/random.ts'
import type { Db } from '../../src/store/db.ts'
import { multiplyRow } from '../support/rows.ts'

/** The value of the first row, or for every tenth row one that is long ago. */
const ENDED = 'CASE WHEN n % 10 = 0 THEN 1 ELSE ?self END'

/**
 * Each table that grows, and what differs from row to row, as multiplyRow takes it, with the row's time `?at` and the rest
 * of an id of that time `?id`. Every tenth row is over since long, so that housekeeping has work.
 */
const GROWING: Record<string, Record<string, string>> = {
  users: {
    id: "'usr_' || ?id",
    email: "'scale-' || n || '@example.com'",
    email_typed: "'scale-' || n || '@example.com'",
    webauthn_user_id: 'NULL',
    created_at: '?at',
  },
  sessions: {
    id: "'ses_' || ?id",
    user_id: "'usr_' || ?id",
    secret_digest: "'scale-' || n",
    created_at: '?at',
    expires_at: ENDED,
  },
  devices: { user_id: "'usr_' || ?id", device_digest: "'scale-' || n", expires_at: ENDED },
  audit_logs: {
    id: "'evt_' || ?id",
    seq: '?seq + n',
    user_id: "'usr_' || ?id",
    email: "'scale-' || n || '@example.com'",
    occurred_at: '?at',
    event_type:
      "CASE n % 4 WHEN 0 THEN 'user.authenticated' WHEN 1 THEN 'session.created' WHEN 2 THEN 'signin.started' ELSE 'session.revoked' END",
  },
  outbox: {
    id: "'msg_' || ?id",
    recipient: "'scale-' || n || '@example.com'",
    created_at: '?at',
    finished_at: ENDED,
    state: "CASE WHEN n % 20 = 1 THEN 'failed' ELSE 'sent' END",
  },
  outbox_tries: { outbox_id: "'msg_' || ?id" },
  rate_limits: { subject: "'scale-' || n", window_ends_at: ENDED },
}

/** Rows of one time. */
const BATCH = 2000
/** A tenth of the rows is older than any retention. */
const OLD = 450 * DAY
const SPREAD = 29 * DAY
const YEAR = 365 * DAY

/** Multiplies a row of each table that grows. A user has signed in before, so each has one. */
export async function growTo(db: Db, count: number): Promise<void> {
  // Sign-ins for tokens leave no known device.
  await db.write((trx) =>
    trx.run(`INSERT INTO devices SELECT id, 'bench', created_at, created_at + ${YEAR} FROM users`),
  )
  const now = systemClock.now()
  // Events that are recorded from now on get later numbers.
  const seq = await db.write(async (trx) => {
    const row = await trx.one<{ seq: number }>('SELECT seq FROM audit_head')
    await trx.run('UPDATE audit_head SET seq = seq + ?', [count])
    return Number(row?.seq)
  })
  for (const [table, differing] of Object.entries(GROWING)) {
    for (let from = 1; from <= count; from += BATCH) {
      const at = from <= count / 10 ? now - OLD : Math.round(now - SPREAD * (1 - from / count))
      const values = Object.entries(differing).map(([column, value]) => [column, valueAt(value, { at, seq })])
      const batch = { differing: Object.fromEntries(values), from, to: Math.min(count, from + BATCH - 1) }
      await multiplyRow(db, table, batch)
    }
  }
  // As a database that has run for a while: the planner knows its tables.
  await db.write((trx) => trx.run('ANALYZE'))
}

function valueAt(value: string, { at, seq }: { at: number; seq: number }): string {
  const time = firstId('x', at).slice(2, 12)
  return value.replaceAll('?id', `'${time}' || ?digits`).replaceAll('?at', String(at)).replaceAll('?seq', String(seq))
}
