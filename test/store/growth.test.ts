import { expect, test } from 'vitest'
import { CODE_FACTORS } from '../../src/flows/policy/lockout.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { deleteOldAnswers, deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import type { Db, Sql, Value } from '../../src/store/db.ts'
import { findFailureCount, setFailureCount } from '../../src/store/failed-attempts.ts'
import { startAuthd } from '../support/harness.ts'
import { signInForTokens } from '../support/people.ts'
import { watchUnits } from '../support/units.ts'

/** What keeps a table small, or in proportion to the users. */
const BOUNDED: Record<string, string> = {
  api_keys: 'operators make them',
  audit_erasures: 'the job erase-audit deletes them',
  audit_head: 'one row',
  change_epochs: 'one row per topic',
  leases: 'one row per job and running daemon; daemons delete those of dead ones',
  passkeys: 'a number per user',
  recovery_codes: 'one set per user',
  schema_migrations: 'one row per migration',
  system_config: 'one row per setting, and one per day whose events are counted, for 400 days',
  totp_secrets: 'one row per user',
  users: 'the users',
  webhook_endpoints: 'operators make them',
}

/** Tables whose rows housekeeping deletes, with what makes a row old. Every other column that must have a value gets 1. */
const ENDED: Record<string, Record<string, Value>> = {
  answers: {},
  audit_logs: { metadata: '{}' },
  devices: {},
  email_changes: {},
  failed_attempts: {},
  invitations: {},
  ip_filters: { expires_at: 1 },
  mail_suppressions: {},
  outbox: { kind: 'mail', state: 'sent', finished_at: 1 },
  outbox_tries: {},
  passkey_challenges: {},
  rate_limits: {},
  recovery_links: {},
  sessions: { amr: '[]' },
  signin_attempts: {},
  signing_keys: { verifies_until: 1 },
}

/** More than one unit of housekeeping deletes. */
const ROWS = 201
const BATCH = 200

test.each(['sqlite', 'postgres'] as const)(
  'every table is bounded, or housekeeping deletes its old rows in small units (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const { db, largest } = watchUnits(authd.deps.db)
    const columns = await db.read(columnsOf)
    const tables = [...new Set(columns.map(({ table }) => table))].sort()
    const growing = tables.filter((table) => !(table in BOUNDED))
    const before = await countAll(db, growing)
    for (const table of ['users', 'outbox', ...growing.filter((name) => name !== 'outbox')]) {
      await insertRows(
        authd.deps.db,
        table,
        columns.filter((column) => column.table === table),
      )
    }
    const filled = await countAll(db, growing)

    await deleteOldRows({ ...authd.deps, db })
    await deleteOldAnswers({ ...authd.deps, db })

    expect(growing).toEqual(Object.keys(ENDED))
    expect(Object.values(filled)).toEqual(Object.values(before).map((count) => count + ROWS))
    expect(await countAll(db, growing)).toEqual(before)
    expect(largest()).toBe(BATCH)
  },
)

test('mails that expired while sending was paused are deleted a month later', async () => {
  const authd = await startAuthd()
  const columns = (await authd.deps.db.read(columnsOf)).filter(({ table }) => table === 'outbox')
  await insertRows(authd.deps.db, 'outbox', columns, { kind: 'mail', state: 'pending' })

  await deleteOldRows(authd.deps)

  expect(await countAll(authd.deps.db, ['outbox'])).toEqual({ outbox: 0 })
})

test.each(CODE_FACTORS)('the lockout of a factor (%s) goes with its user', async (kind) => {
  const authd = await startAuthd()
  const { userId } = await signInForTokens(authd)
  const key = { kind, subject: userId }
  await authd.deps.db.write((trx) => setFailureCount(trx, key, { failures: 100, blockedUntil: null }))

  await removeUser(authd.deps, SYSTEM, { id: userId })

  expect(await authd.deps.db.read((sql) => findFailureCount(sql, key))).toBeUndefined()
})

interface Column {
  table: string
  name: string
  isText: boolean
}

/** The columns that an insert must give a value. */
async function columnsOf(sql: Sql): Promise<Column[]> {
  const rows = await sql.all<{ table: string; name: string; type: string }>(
    sql.dialect === 'postgres'
      ? `SELECT table_name AS "table", column_name AS name, data_type AS type FROM information_schema.columns
         WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL`
      : `SELECT tables.name AS "table", columns.name AS name, lower(columns.type) AS type
         FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
         WHERE tables.type = 'table' AND columns."notnull" = 1 AND columns.dflt_value IS NULL`,
  )
  return rows.map(({ type, ...column }) => ({ ...column, isText: type === 'text' }))
}

/** Rows of the first milliseconds of 1970. Texts are the row's number, so rows of all tables belong to those of others. */
async function insertRows(db: Db, table: string, columns: Column[], more = ENDED[table] ?? {}): Promise<void> {
  const names = [...new Set([...columns.map(({ name }) => name), ...Object.keys(more)])]
  const isText = new Set(columns.filter((column) => column.isText).map(({ name }) => name))
  const rows = Array.from({ length: ROWS }, (_, at) =>
    names.map((name) => more[name] ?? (isText.has(name) ? `0 ${at + 1}` : 1)),
  )
  const places = rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ')
  await db.write(async (trx) => {
    await trx.run(`INSERT INTO ${table} (${names.join(', ')}) VALUES ${places}`, rows.flat())
    if (table === 'audit_logs')
      await trx.run("UPDATE audit_logs SET seq = CAST(substr(id, 3) AS integer) WHERE id LIKE '0 %'")
  })
}

async function countAll(db: Db, tables: string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of tables)
    counts[table] = Number((await db.read((sql) => sql.one<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)))?.n)
  return counts
}
