import { rmSync, statSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { MIGRATIONS } from '../../migrations/index.ts'
import { StoreError } from './db.ts'
import type { FilterScope, IpFilter } from './ip-filters.ts'
import { explain, isBusy } from './sqlite-failures.ts'
import { LAST_BACKUP } from './system-config.ts'

/** How long a copy waits for another process that opens or closes the file, in milliseconds. */
const WAIT_MS = 5000
/** Pages a step. All of them: a copy in several steps begins anew whenever another process commits between two. */
const ALL_PAGES = 2 ** 31 - 1

/** Whether a file has no table yet, so there is nothing to copy. */
export function isEmptySqlite(path: string): boolean {
  return using(new DatabaseSync(path, { timeout: WAIT_MS }), (source) => {
    const tables = source.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
    return Number(tables?.['n']) === 0
  })
}

/** The tables and views of a file, which is only read. Throws StoreError for a file of another kind. */
export function tablesOfSqlite(path: string): string[] {
  try {
    return using(new DatabaseSync(path, { readOnly: true, timeout: WAIT_MS }), (file) => {
      const text =
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
      return file
        .prepare(text)
        .all()
        .map(({ name }) => String(name))
    })
  } catch (error) {
    throw explain(error, path)
  }
}

/**
 * Copies a live SQLite file into an empty one, with one state of the data, and reads every page of the copy. Throws
 * StoreError if the copy cannot be made or is damaged, as it is if the database is.
 */
export async function copySqlite(path: string, target: string): Promise<void> {
  const source = new DatabaseSync(path, { timeout: WAIT_MS })
  try {
    await backup(source, target, { rate: ALL_PAGES })
    const damage = using(new DatabaseSync(target, { readOnly: true }), damageOf)
    if (damage !== undefined)
      throw new StoreError('unavailable', `The backup is damaged, so the database is: ${damage}.`)
  } catch (error) {
    throw explain(error, path)
  } finally {
    source.close()
  }
}

export interface InspectedCopy {
  /** Migrations in it that this build does not know. */
  unknown: string[]
  /** Its newest migration. */
  schema: string | null
  /** By table. */
  rows: Record<string, number>
  entry: string | null
  /** Triggers and views of an SQLite file, in which authd makes none. Nobody looks for them in a dump. */
  programs: string[]
}

/**
 * Reads every page of a copy, and the entry of system_config that has this key. Throws StoreError for a file that is
 * damaged or no database of authd.
 */
export function inspectSqlite(path: string, key: string): InspectedCopy {
  try {
    return using(new DatabaseSync(path, { readOnly: true }), (copy) => {
      const all = (text: string) => copy.prepare(text).all() as Record<string, string | number>[]
      const damage = damageOf(copy)
      if (damage !== undefined) throw unusable(`it is damaged (${damage})`)
      const tables = all(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
      )
      const names = tables.map(({ name }) => String(name))
      if (!names.includes('schema_migrations')) throw unusable('it is not a database of authd')
      if (all('PRAGMA foreign_key_check').length > 0) throw unusable('it has rows without their owner')
      const ids = all('SELECT id FROM schema_migrations ORDER BY id').map(({ id }) => String(id))
      const count = (name: string) => Number(all(`SELECT count(*) AS n FROM "${name}"`)[0]?.['n'])
      const found = copy.prepare('SELECT value FROM system_config WHERE key = ?').get(key)
      const known = new Set(MIGRATIONS.map(({ id }) => id))
      return {
        unknown: ids.filter((id) => !known.has(id)),
        schema: ids.at(-1) ?? null,
        rows: Object.fromEntries(names.map((name) => [name, count(name)])),
        entry: found === undefined ? null : String(found['value']),
        programs: all("SELECT name FROM sqlite_schema WHERE type IN ('trigger', 'view')").map(({ name }) =>
          String(name),
        ),
      }
    })
  } catch (error) {
    throw explain(error, path)
  }
}

/** What the database from before a restore knows, and a backup of it does not. */
export interface Before {
  revokedApiKeys: string[]
  disabledUsers: { id: string; reason: string | null }[]
  /** The ids of those that its audit log knows to be deleted. */
  deletedUsers: string[]
  /** What its IP filter blocks. */
  blocks: Pick<IpFilter, 'cidr' | 'scope' | 'reason' | 'expiresAt'>[]
  /** The ids of the rules of the IP filter that its audit log knows to be removed. */
  removedRules: string[]
  /** The ids of the webhook endpoints that are paused, or that its audit log knows to be removed. */
  closedWebhooks: string[]
  /** The values of system_config by their keys. */
  systemConfig: Map<string, string>
  /** The last number that the audit log has given. Its readers remember it. */
  lastEvent: number
  /** Epoch milliseconds; 0 without a backup. */
  lastBackupAt: number
}

export interface HeldSqlite {
  /** Undefined without a database that can be read. */
  before: Before | undefined
  release(): void
}

/**
 * Holds an SQLite file so that no other process can open it, until `release`. Where there is none, an empty one is held,
 * which `release` deletes. Throws StoreError `busy` while another process has it open. A damaged file cannot be held: then
 * nobody can use it either.
 */
export function holdSqlite(path: string): HeldSqlite {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // A connection in WAL mode shares a lock on the file as long as it is open. A journal in memory leaves no file behind.
    database.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = MEMORY')
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) throw explain(error, path)
    return { before: undefined, release() {} }
  }
  const { size, ino } = statSync(path)
  return {
    before: size === 0 ? undefined : knownIn(database),
    release() {
      if (size === 0 && statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path)
      database.close()
    },
  }
}

function knownIn(database: DatabaseSync): Before | undefined {
  const rows = (text: string, ...values: string[]) => database.prepare(text).all(...values)
  const number = (text: string, ...values: string[]) => Number(rows(text, ...values)[0]?.['n'] ?? 0)
  try {
    return {
      revokedApiKeys: rows('SELECT id FROM api_keys WHERE revoked_at IS NOT NULL').map(({ id }) => String(id)),
      disabledUsers: rows('SELECT id, disabled_reason FROM users WHERE disabled_at IS NOT NULL').map((row) => ({
        id: String(row['id']),
        reason: row['disabled_reason'] === null ? null : String(row['disabled_reason']),
      })),
      deletedUsers: rows("SELECT user_id FROM audit_logs WHERE event_type = 'user.deleted'").map((row) =>
        String(row['user_id']),
      ),
      blocks: rows("SELECT cidr, scope, reason, expires_at FROM ip_filters WHERE action = 'block'").map((row) => ({
        cidr: String(row['cidr']),
        scope: String(row['scope']) as FilterScope,
        reason: String(row['reason']),
        expiresAt: row['expires_at'] === null ? null : Number(row['expires_at']),
      })),
      removedRules: rows(
        "SELECT metadata ->> '$.rule' AS id FROM audit_logs WHERE event_type = 'ip_filter.removed'",
      ).map(({ id }) => String(id)),
      closedWebhooks: rows(
        `SELECT id FROM webhook_endpoints WHERE paused_at IS NOT NULL
         UNION SELECT metadata ->> '$.endpoint_id' FROM audit_logs WHERE event_type = 'webhook.removed'`,
      ).map(({ id }) => String(id)),
      systemConfig: new Map(
        rows('SELECT key, value FROM system_config').map(({ key, value }) => [String(key), String(value)]),
      ),
      lastEvent: number('SELECT seq AS n FROM audit_head'),
      lastBackupAt: number('SELECT value AS n FROM system_config WHERE key = ?', LAST_BACKUP),
    }
  } catch {
    return undefined
  }
}

/** Reads every page. Undefined: all is well. */
function damageOf(database: DatabaseSync): string | undefined {
  const verdict = database.prepare('PRAGMA integrity_check(1)').get()?.['integrity_check']
  return verdict === 'ok' ? undefined : String(verdict)
}

function unusable(why: string): StoreError {
  return new StoreError('unavailable', `The backup cannot be used: ${why}.`, undefined, why)
}

function using<Result>(database: DatabaseSync, work: (database: DatabaseSync) => Result): Result {
  try {
    return work(database)
  } finally {
    database.close()
  }
}
