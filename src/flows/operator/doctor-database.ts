import type { Deps } from '../../deps.ts'
import { DAY, isApart, isWithin, MINUTE, SECOND, toRfc3339 } from '../../platform/clock.ts'
import { shell } from '../../platform/shell.ts'
import { countTables, findDatabaseFacts, type Statistics } from '../../store/database-facts.ts'
import { keyring, signingKeyAt } from '../sessions/signing-key.ts'
import { lastBackupAt } from './backup.ts'
import { type Lockdown, readLockdown } from './lockdown-entry.ts'
import { listMigrations } from './schema.ts'
import { countQueues } from './status-counts.ts'

/** One line of `authd doctor`. */
export interface Check {
  check: string
  status: 'ok' | 'warn' | 'wrong'
  detail: string
  /** A command that helps. */
  fix?: string
  /** A file whose mode `authd doctor --fix` sets. */
  repair?: { path: string; mode: number }
}

const BACKUP_MS = 2 * DAY
const MAIL_MS = 5 * MINUTE
/** Longer than any unit of authd, a migration of large tables aside. */
const TRANSACTION_MS = 5 * MINUTE

/** The database itself: version, space, locks and statistics. */
export async function checkDatabase(deps: Pick<Deps, 'clock' | 'config' | 'db'>): Promise<Check[]> {
  const { url, path } = deps.config.current().database
  const facts = await deps.db.read(findDatabaseFacts)
  const { version, waiting, oldestTransactionAt: since, statistics, freePages } = facts
  const free = freePages && freePages.all > 0 ? `, ${Math.round((100 * freePages.free) / freePages.all)} % free` : ''
  const isLong = since !== null && !isWithin(deps.clock.now(), since, TRANSACTION_MS)
  return [
    {
      check: 'database',
      status: 'ok',
      detail: `${url === undefined ? path : 'PostgreSQL'} answers, schema and secret fit; ${version}${free}`,
    },
    ...(deps.db.dialect === 'sqlite'
      ? [{ check: 'statistics', status: 'ok' as const, detail: 'SQLite needs none for the queries of authd' }]
      : [
          {
            check: 'locks',
            status: isLong ? ('warn' as const) : ('ok' as const),
            detail: `${waiting} statements wait${since === null ? '' : `, the oldest transaction is of ${toRfc3339(since)}`}`,
            ...(isLong && { fix: 'SELECT pid, query FROM pg_stat_activity ORDER BY xact_start' }),
          },
          statisticsCheck(statistics),
        ]),
  ]
}

/** Autovacuum makes new ones long before half of a table has changed, unless it is off or cannot keep up. */
function statisticsCheck({ missing, outdated, oldestAt }: Statistics): Check {
  const check = 'statistics'
  const oldest = oldestAt === null ? '' : `the oldest are of ${toRfc3339(oldestAt)}`
  const faults = [
    ...(missing.length > 0 ? [`never made for ${missing.join(', ')}`] : []),
    ...(outdated.length > 0 ? [`more than half has changed since in ${outdated.join(', ')}`] : []),
  ]
  return faults.length === 0
    ? { check, status: 'ok', detail: oldest || 'no table is large enough to need any' }
    : { check, status: 'warn', detail: [...faults, ...(oldest ? [oldest] : [])].join('; '), fix: 'ANALYZE' }
}

export async function checkBackup(deps: Pick<Deps, 'clock' | 'db'>): Promise<Check[]> {
  return [backupCheck(deps.db.dialect, await lastBackupAt(deps), deps.clock.now())]
}

/** What waits or does not work: mail, webhooks, keys. */
export async function checkContents(
  deps: Pick<Deps, 'cache' | 'clock' | 'config' | 'db' | 'keys'>,
): Promise<Record<'mail' | 'webhooks' | 'keys', Check[]>> {
  const now = deps.clock.now()
  const { queue, webhooks } = await countQueues(deps)
  const key = signingKeyAt(await keyring(deps), now)
  const { oldestPendingAt: oldest, pending, failed } = queue
  const isStuck = oldest !== null && !isWithin(now, oldest, MAIL_MS)
  return {
    mail: [
      ...pausesOf(deps, await deps.db.read(readLockdown)),
      {
        check: 'mail queue',
        status: isStuck ? 'wrong' : failed > 0 ? 'warn' : 'ok',
        detail: `${pending} waiting${oldest === null ? '' : ` since ${toRfc3339(oldest)}`}, ${failed} failed`,
        ...((isStuck || failed > 0) && { fix: shell`authd email queue --state ${isStuck ? 'pending' : 'failed'}` }),
      },
    ],
    webhooks: [
      {
        check: 'webhooks',
        status: webhooks.paused > 0 ? 'warn' : 'ok',
        detail: `${webhooks.waiting} deliveries waiting, ${webhooks.paused} endpoints paused`,
        ...(webhooks.paused > 0 && { fix: 'authd webhooks list' }),
      },
    ],
    keys: [
      key === undefined
        ? { check: 'keys', status: 'wrong', detail: 'no key signs access tokens', fix: 'authd keys list' }
        : { check: 'keys', status: 'ok', detail: `${key.algorithm} signs since ${toRfc3339(key.signsFrom)}` },
    ],
  }
}

function backupCheck(dialect: 'sqlite' | 'postgres', at: number, now: number): Check {
  const check = 'backup'
  if (dialect === 'postgres' && at === 0)
    return { check, status: 'ok', detail: 'authd has made no backup, others may have' }
  if (at === 0) return { check, status: 'warn', detail: 'authd has made no backup', fix: 'authd backup create' }
  const detail = `the last one is of ${toRfc3339(at)}`
  return isWithin(now, at, BACKUP_MS)
    ? { check, status: 'ok', detail }
    : { check, status: 'warn', detail, fix: 'authd backup create' }
}

/** Beyond the same difference a daemon deletes nothing: see hasRightClock. */
export async function checkClock(deps: Pick<Deps, 'clock' | 'db'>): Promise<Check[]> {
  const check = 'clock'
  const theirs = await deps.db.time()
  const now = deps.clock.now()
  if (theirs === undefined) return []
  const detail = `${Math.round(Math.abs(theirs - now) / SECOND)} s from that of PostgreSQL`
  return [
    isApart(now, theirs)
      ? { check, status: 'wrong', detail, fix: 'timedatectl status' }
      : { check, status: 'ok', detail },
  ]
}

/** What a maintainer asks about a database: its kind, its migrations, and how many rows each table has. */
export async function describeDatabase(deps: Pick<Deps, 'db'>): Promise<object> {
  const { facts, rows } = await deps.db.read(async (sql) => ({
    facts: await findDatabaseFacts(sql),
    rows: await countTables(sql),
  }))
  return { ...facts, migrations: await listMigrations(deps.db), rows }
}

/** What an operator has closed, and may have forgotten. A lockdown pauses mail too. */
function pausesOf({ config }: Pick<Deps, 'config'>, lockdown: Lockdown | undefined): Check[] {
  if (lockdown !== undefined) {
    const detail = `on since ${toRfc3339(lockdown.since)}: nobody signs up, and no mail is sent`
    return [{ check: 'lockdown', status: 'warn', detail, fix: 'authd lockdown off' }]
  }
  if (!config.current().mail.paused) return []
  return [{ check: 'mail', status: 'warn', detail: 'paused: no mail is sent', fix: 'authd email resume' }]
}
