import { setTimeout as wait } from 'node:timers/promises'
import type { Knex } from 'knex'
import { MIGRATIONS } from '../../migrations/index.ts'
import { type Db, type Sql, StoreError } from './db.ts'

export interface MigrationState {
  id: string
  /** Epoch milliseconds; null: pending. */
  appliedAt: number | null
}

export interface SchemaState {
  migrations: MigrationState[]
  /** Those of the database that this build does not know: it was written by a newer one. */
  unknown: MigrationState[]
}

interface AppliedRow {
  id: string
  applied_at: number
}

const TABLE = 'schema_migrations'
/** Any constant does, as long as every authd takes the same. */
const ADVISORY_LOCK = 4_207_849

const HAS_TABLE = {
  sqlite: `SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = '${TABLE}'`,
  postgres: `SELECT 1 AS found WHERE to_regclass('${TABLE}') IS NOT NULL`,
} as const

/** What the database has, against what this build wants. Works on an empty database too; without knex, which is slow to load. */
export async function schemaState(db: Db): Promise<SchemaState> {
  return await db.read(async (sql) => {
    const isThere = (await sql.one(HAS_TABLE[sql.dialect])) !== undefined
    return compare(isThere ? await sql.all<AppliedRow>(`SELECT id, applied_at FROM ${TABLE} ORDER BY id`) : [])
  })
}

/** Between two tries to get the locks of a migration, in milliseconds. */
const LOCK_EVERY_MS = 250

export interface MigrateOptions {
  /** How long to wait for another migrator, and for users of the tables. Milliseconds; 0 by default. */
  waitMs?: number
  pause?: (ms: number) => Promise<unknown>
}

/**
 * Applies what is missing in one transaction, which is the lock as well: a killed migrator leaves nothing behind, and a
 * second one waits for its end and finds nothing to do, or gets StoreError `busy`. Returns the ids applied; refuses
 * nothing: see schemaState for that.
 */
export async function migrate(
  db: Db,
  now: number,
  { waitMs = 0, pause = wait }: MigrateOptions = {},
): Promise<string[]> {
  const until = performance.now() + waitMs
  for (;;) {
    try {
      return await db.migrate((trx) => applyPending(db, trx, now))
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'busy') || performance.now() >= until) throw error
      await pause(LOCK_EVERY_MS)
    }
  }
}

async function applyPending(db: Db, trx: Knex.Transaction, now: number): Promise<string[]> {
  await lock(db, trx)
  await createTable(trx)
  const { migrations } = compare(await trx<AppliedRow>(TABLE).select('id', 'applied_at').orderBy('id'))
  const pending = migrations.filter(({ appliedAt }) => appliedAt === null).map(({ id }) => id)
  for (const { id, up } of MIGRATIONS) {
    if (!pending.includes(id)) continue
    await up(trx)
    await trx(TABLE).insert({ id, applied_at: now })
  }
  return pending
}

async function lock(db: Db, trx: Knex): Promise<void> {
  if (db.dialect === 'sqlite') return
  const answer = await trx.raw('SELECT pg_try_advisory_xact_lock(?) AS locked', [ADVISORY_LOCK])
  if (!answer.rows[0].locked)
    throw new StoreError('busy', 'Another process is migrating this database. Wait for its end, then try again.')
}

async function createTable(trx: Knex): Promise<void> {
  if (await trx.schema.hasTable(TABLE)) return
  await trx.schema.createTable(TABLE, (table) => {
    table.text('id').primary()
    table.bigInteger('applied_at').notNullable()
  })
}

/** Those of a newer authd. */
export function unknownMigrations(ids: readonly string[]): string[] {
  const known = new Set(MIGRATIONS.map(({ id }) => id))
  return ids.filter((id) => !known.has(id))
}

function compare(rows: AppliedRow[]): SchemaState {
  const applied = new Map(rows.map((row) => [row.id, row.applied_at]))
  return {
    migrations: MIGRATIONS.map(({ id }) => ({
      id,
      appliedAt: applied.get(id) ?? null,
    })),
    unknown: unknownMigrations([...applied.keys()]).map((id) => ({ id, appliedAt: applied.get(id) ?? null })),
  }
}

/**
 * Whether this build has a migration that the database lacks. Those of a newer authd do not count, so a running daemon goes
 * on beside it; a start refuses them (flows/operator/schema.ts). One read, without knex.
 */
export async function hasPendingMigrations(sql: Sql): Promise<boolean> {
  const rows = await sql.all<{ id: string }>(`SELECT id FROM ${TABLE}`)
  const applied = new Set(rows.map(({ id }) => id))
  return MIGRATIONS.some(({ id }) => !applied.has(id))
}

/** The version of the PostgreSQL server, such as 15. Its tools must not be older. */
export async function postgresMajor(db: Db): Promise<number> {
  const text = "SELECT CAST(current_setting('server_version_num') AS integer) AS version"
  const row = await db.read((sql) => sql.one<{ version: number }>(text))
  return Math.floor((row?.version ?? 0) / 10_000)
}
