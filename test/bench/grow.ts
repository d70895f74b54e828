import { DAY, systemClock } from '../../src/platform/clock.ts'
import { firstId } from '../../src/platform/random.ts'
import type { Db, Trx } from '../../src/store/db.ts'

/**
 * Each table that grows, and what differs from row to row: SQL of the row's number `?n`, of its time `?at` and of the
 * rest of an id of that time `?id`. Every tenth row is over since long, so that housekeeping has work.
 */
const GROWING: Record<string, Record<string, string>> = {
  users: {
    id: "'usr_' || ?id",
    email: "'scale-' || ?n || '@example.com'",
    email_typed: "'scale-' || ?n || '@example.com'",
    webauthn_user_id: 'NULL',
    created_at: '?at',
  },
  sessions: {
    id: "'ses_' || ?id",
    user_id: "'usr_' || ?id",
    secret_digest: "'scale-' || ?n",
    created_at: '?at',
    expires_at: ended('expires_at'),
  },
  devices: { user_id: "'usr_' || ?id", device_digest: "'scale-' || ?n", expires_at: ended('expires_at') },
  audit_logs: {
    id: "'evt_' || ?id",
    seq: '?seq + ?n',
    user_id: "'usr_' || ?id",
    email: "'scale-' || ?n || '@example.com'",
    occurred_at: '?at',
    event_type:
      "CASE ?n % 4 WHEN 0 THEN 'user.authenticated' WHEN 1 THEN 'session.created' WHEN 2 THEN 'signin.started' ELSE 'session.revoked' END",
  },
  outbox: {
    id: "'msg_' || ?id",
    recipient: "'scale-' || ?n || '@example.com'",
    created_at: '?at',
    finished_at: ended('finished_at'),
    state: "CASE WHEN ?n % 20 = 1 THEN 'failed' ELSE 'sent' END",
  },
  outbox_tries: { outbox_id: "'msg_' || ?id" },
  rate_limits: { subject: "'scale-' || ?n", window_ends_at: ended('window_ends_at') },
}

/** The value of the first row, or for every tenth row one that is long ago. */
function ended(column: string): string {
  return `CASE WHEN ?n % 10 = 0 THEN 1 ELSE ?${column} END`
}

/** Rows of one time and of one statement. */
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
    const row = await db.read((sql) => sql.one<Record<string, unknown>>(`SELECT * FROM ${table} LIMIT 1`, []))
    if (row === undefined) throw new Error(`${table} has no row to multiply`)
    for (let from = 1; from <= count; from += BATCH) {
      const at = from <= count / 10 ? now - OLD : Math.round(now - SPREAD * (1 - from / count))
      const batch = { from, to: Math.min(count, from + BATCH - 1), at, seq }
      await db.write((trx) => multiply(trx, { table, row, differing }, batch))
    }
  }
  // As a database that has run for a while: the planner knows its tables.
  await db.write((trx) => trx.run('ANALYZE'))
}

interface Multiplied {
  table: string
  row: Record<string, unknown>
  differing: Record<string, string>
}

async function multiply(
  trx: Trx,
  { table, row, differing }: Multiplied,
  { from, to, at, seq }: { from: number; to: number; at: number; seq: number },
): Promise<void> {
  const time = firstId('x', at).slice(2, 12)
  const id = trx.dialect === 'sqlite' ? `'${time}' || printf('%016d', n)` : `'${time}' || lpad(n::text, 16, '0')`
  const values = Object.entries(row).map(
    ([column, value]) =>
      differing[column]
        ?.replaceAll('?id', id)
        .replaceAll('?at', String(at))
        .replaceAll('?seq', String(seq))
        .replaceAll('?n', 'n')
        .replaceAll(`?${column}`, literal(value)) ?? literal(value),
  )
  await trx.run(
    `WITH RECURSIVE numbers(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${to})
     INSERT INTO ${table} (${Object.keys(row).join(', ')}) SELECT ${values.join(', ')} FROM numbers`,
    [],
  )
}

function literal(value: unknown): string {
  if (value === null) return 'NULL'
  return typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`
}
