import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { COPIED_TABLES, listColumns, listCopied, OWN_TABLES } from '../../store/copied-tables.ts'
import type { Db } from '../../store/db.ts'
import { acceptWrites, refuseWrites } from '../../store/postgres-closed-tables.ts'
import {
  deleteSystemConfig,
  findSystemConfig,
  insertSystemConfig,
  lockSystemConfig,
  setSystemConfig,
} from '../../store/system-config.ts'
import { COPY_CLOSED, COPY_OF, COPY_SOURCE } from '../copy-marks.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { SECRET_CHECK } from '../server-secret.ts'
import { otherRun, type Sides } from './copy-rows.ts'
import { applyMigrations, checkSchema } from './schema.ts'

/** What a copy needs of the outside world: it runs alone, beside two databases. */
export type CopyDeps = Pick<Deps, 'clock' | 'random' | 'metrics'>

/** The table of the one row that an empty database has. */
const NEVER_EMPTY = 'audit_head'

/** Throws FILE_EXISTS for tables that are not authd's. */
export function refuseForeignTables(tables: readonly string[]): void {
  const known = new Set([...COPIED_TABLES.map(({ name }) => name), ...OWN_TABLES])
  // Another program can have a table of users, too.
  const foreign = tables.includes('schema_migrations') ? tables.filter((name) => !known.has(name)) : tables
  if (foreign.length === 0) return
  const shown = [...foreign.slice(0, 5), ...(foreign.length > 5 ? ['…'] : [])].join(', ')
  throw taken(`has tables that are not of authd (${shown})`)
}

/**
 * Whether the target is `empty` or has an `unfinished` copy of the source. Throws FILE_EXISTS for any other database, and
 * SCHEMA_NEWER. Nothing is written.
 */
export async function checkCopyTarget({ source, target }: Sides): Promise<'empty' | 'unfinished'> {
  const tables = [...(await target.read(listColumns)).keys()]
  refuseForeignTables(tables)
  if (tables.length === 0) return 'empty'
  await checkSchema(target)
  const mark = tables.includes('system_config') ? await target.read((sql) => findSystemConfig(sql, COPY_OF)) : undefined
  if (mark !== undefined) {
    const own = await source.read((sql) => findSystemConfig(sql, COPY_SOURCE))
    if (mark.split(' ')[0] === own) return 'unfinished'
    throw taken('has an unfinished copy of another database')
  }
  for (const table of COPIED_TABLES.filter(({ name }) => tables.includes(name) && name !== NEVER_EMPTY)) {
    const first = { columns: table.key, after: undefined, limit: 1 }
    const rows = await target.read((sql) => listCopied(sql, table, first))
    if (rows.length > 0) throw taken('has data of an authd already')
  }
  return 'empty'
}

function taken(why: string): AuthdError {
  return new AuthdError('FILE_EXISTS', {
    message: `The target ${why}. Nothing was written there. Give an empty database.`,
  })
}

/**
 * Brings the target to the schema of this build, and marks it as a copy that this run writes. Returns that mark. Throws
 * FILE_EXISTS if both are one database.
 */
export async function beginCopy({ clock, random }: CopyDeps, { source, target }: Sides): Promise<string> {
  const now = clock.now()
  const by = 'system'
  const id = await source.write(async (trx) => {
    // A run before may have closed the source already.
    const known = await findSystemConfig(trx, COPY_SOURCE)
    if (known !== undefined) return known
    await insertSystemConfig(trx, { key: COPY_SOURCE, value: random.id('copy'), now, by })
    return await findSystemConfig(trx, COPY_SOURCE)
  })
  await applyMigrations(target, now, {})
  const mark = `${id} ${random.id('run')}`
  return await decide({ db: target }, async (trx) => {
    if ((await findSystemConfig(trx, COPY_SOURCE)) === id) return taken('is the database itself')
    await setSystemConfig(trx, { key: COPY_OF, value: mark, now, by })
    return mark
  })
}

/**
 * Closes the source to every process that begins from now on, and to the writes of those that have begun. `to` says where
 * the copy is: each refused process shows it. Returns what was there before.
 */
export async function closeCopied(
  { clock }: Pick<Deps, 'clock'>,
  source: Db,
  { mark, to }: { mark: string; to: string },
): Promise<string | undefined> {
  return await source.write(async (trx) => {
    // A daemon that announces itself holds this row, so it comes before or after.
    const held = await lockSystemConfig(trx, SECRET_CHECK)
    const before = held && (await findSystemConfig(trx, COPY_CLOSED))
    await acceptWrites(trx)
    await setSystemConfig(trx, { key: COPY_CLOSED, value: closedBy(mark, to), now: clock.now(), by: 'system' })
    await refuseWrites(trx)
    return before
  })
}

function closedBy(mark: string, to: string): string {
  return `${mark.split(' ')[1]} ${to}`
}

/** Opens the source again, for a run that closed it and has not begun its last step. */
export async function uncloseCopied(source: Db, { mark, to }: { mark: string; to: string }): Promise<void> {
  await source.write(async (trx) => {
    if ((await lockSystemConfig(trx, COPY_CLOSED)) !== closedBy(mark, to)) return
    await acceptWrites(trx)
    await deleteSystemConfig(trx, COPY_CLOSED)
  })
}

/** The target is the database from now on. Throws FAILED if another run has taken it over, or the source was reopened. */
export async function finishCopy(
  deps: CopyDeps,
  { source, target }: Sides,
  { actor, mark, to }: { actor: Actor; mark: string; to: string },
): Promise<void> {
  const closed = await source.read((sql) => findSystemConfig(sql, COPY_CLOSED))
  if (closed !== closedBy(mark, to)) throw otherRun()
  await decide({ db: target }, async (trx) => {
    const held = await lockSystemConfig(trx, COPY_OF)
    if (held !== mark) return otherRun()
    await deleteSystemConfig(trx, COPY_OF)
    const metadata = { from: source.dialect, to: target.dialect }
    await recordEvent(deps, trx, actor, { type: 'database.copied', metadata })
    return undefined
  })
}

/** Opens a database that a copy has closed. False: it was open. */
export async function reopenCopied(deps: CopyDeps, db: Db, actor: Actor): Promise<boolean> {
  return await db.write(async (trx) => {
    await acceptWrites(trx)
    if (!(await deleteSystemConfig(trx, COPY_CLOSED))) return false
    await recordEvent(deps, trx, actor, { type: 'database.reopened' })
    return true
  })
}
