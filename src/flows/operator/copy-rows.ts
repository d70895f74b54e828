import { AuthdError } from '../../errors.ts'
import {
  COPIED_TABLES,
  type CopiedRow,
  type CopiedTable,
  deleteCopied,
  findCopied,
  listColumns,
  listCopied,
  putCopied,
} from '../../store/copied-tables.ts'
import { type Db, StoreError, type Trx } from '../../store/db.ts'
import { lockSystemConfig } from '../../store/system-config.ts'
import { COPY_OF } from '../copy-marks.ts'
import { decide } from '../decide.ts'

/** Rows of one unit. */
const BATCH = 200

/** The databases of a copy. */
export interface Sides {
  source: Db
  target: Db
}

/** Called after each batch with the rows of the table that were looked at so far. */
export type OnRows = (table: string, rows: number) => void

export interface Copied {
  /** In the source. */
  rows: number
  written: number
  deleted: number
}

/**
 * Makes the rows of the target those of the source. Compares every row, so it goes on after an interruption, and writes
 * what differs. `isLive`: daemons may write to the source meanwhile. Then a row whose parent is not in the target yet is
 * left to the next run. `mark` is what the target says of the run: throws FAILED once another run writes it.
 */
export async function copyRows(
  { source, target }: Sides,
  { mark, isLive, onRows }: { mark: string; isLive: boolean; onRows: OnRows },
): Promise<Copied> {
  const done: Copied = { rows: 0, written: 0, deleted: 0 }
  const columnsOf = await target.read(listColumns)
  for (const table of COPIED_TABLES.toReversed()) {
    for await (const rows of surplus({ source, target }, table)) {
      await inUnit(target, { mark, table, rows }, (trx) => deleteCopied(trx, table, rows))
      done.deleted += rows.length
    }
  }
  for (const table of COPIED_TABLES) {
    const columns = columnsOf.get(table.name) ?? []
    let seen = 0
    for await (const { read, rows: differing } of differences({ source, target }, table, columns)) {
      const rows = isLive ? await withParent(target, table, differing) : differing
      await inUnit(target, { mark, table, rows }, (trx) => putCopied(trx, table, { columns, rows }))
      done.written += rows.length
      seen += read
      onRows(table.name, seen)
    }
    done.rows += seen
  }
  return done
}

/** Reads all rows of both sides again. Throws FAILED at the first that differs. */
export async function verifyRows({ source, target }: Sides, onRows: OnRows): Promise<void> {
  const columnsOf = await target.read(listColumns)
  for (const table of COPIED_TABLES) {
    let seen = 0
    for await (const { read, rows } of differences({ source, target }, table, columnsOf.get(table.name) ?? [])) {
      refuse(table, rows)
      seen += read
      onRows(table.name, seen)
    }
    for await (const rows of surplus({ source, target }, table)) refuse(table, rows)
  }
}

function refuse({ name, key }: CopiedTable, [row]: CopiedRow[]): void {
  if (row === undefined) return
  throw new AuthdError('FAILED', {
    message: `The copy differs from the database: ${name} ${key.map((column) => row[column]).join(' ')}. Something still writes to one of them. End it, and run the command again.`,
  })
}

/** The rows of the source that the target lacks or has with other values, and how many were read to find them. */
async function* differences(
  { source, target }: Sides,
  table: CopiedTable,
  columns: readonly string[],
): AsyncGenerator<{ read: number; rows: CopiedRow[] }> {
  for await (const rows of pagesOf(source, table, columns)) {
    const there = await target.read((sql) => findCopied(sql, table, { columns, rows }))
    const isThere = (row: CopiedRow, at: number) => columns.every((column) => there[at]?.[column] === row[column])
    yield { read: rows.length, rows: rows.filter((row, at) => there[at] === undefined || !isThere(row, at)) }
  }
}

/** The keys of the target that the source does not have. */
async function* surplus({ source, target }: Sides, table: CopiedTable): AsyncGenerator<CopiedRow[]> {
  const columns = table.key
  for await (const rows of pagesOf(target, table, columns)) {
    const there = await source.read((sql) => findCopied(sql, table, { columns, rows }))
    yield rows.filter((_, at) => there[at] === undefined)
  }
}

async function* pagesOf(db: Db, table: CopiedTable, columns: readonly string[]): AsyncGenerator<CopiedRow[]> {
  for (let after: CopiedRow | undefined; ; ) {
    const page = { columns, after, limit: BATCH }
    const rows = await db.read((sql) => listCopied(sql, table, page))
    yield rows
    if (rows.length < BATCH) return
    after = rows.at(-1)
  }
}

async function withParent(target: Db, { parent }: CopiedTable, rows: CopiedRow[]): Promise<CopiedRow[]> {
  if (parent === undefined || rows.length === 0) return rows
  const named = { columns: ['id'], rows: rows.map((row) => ({ id: row[parent.column] ?? null })) }
  const there = await target.read((sql) => findCopied(sql, { name: parent.table, key: ['id'] }, named))
  return rows.filter((_, at) => there[at] !== undefined)
}

async function inUnit(
  target: Db,
  { mark, table, rows }: { mark: string; table: CopiedTable; rows: CopiedRow[] },
  change: (trx: Trx) => Promise<void>,
): Promise<void> {
  if (rows.length === 0) return
  try {
    await decide({ db: target }, async (trx) => {
      const held = await lockSystemConfig(trx, COPY_OF)
      if (held !== mark) return otherRun()
      await change(trx)
      return undefined
    })
  } catch (cause) {
    if (cause instanceof AuthdError || cause instanceof StoreError) throw cause
    if (!(cause instanceof Error && 'code' in cause)) throw cause
    throw new AuthdError('FAILED', {
      message: `The other database does not take a row of ${table.name}: ${cause.message}.`,
      cause,
    })
  }
}

/** Why a run stops that another one has followed. */
export function otherRun(): AuthdError {
  return new AuthdError('FAILED', {
    message: 'Another copy of this database has begun or was finished. This one stops.',
  })
}
