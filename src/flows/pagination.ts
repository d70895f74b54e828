import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { nextTurn } from '../platform/event-loop.ts'
import type { Sql } from '../store/db.ts'
import { findIdBelow, type IdSpan } from '../store/id-spans.ts'

/** Rows that one statement reads. It takes some milliseconds, in which SQLite serves nothing else. */
export const STEP_ROWS = 25_000
/** Rows that one request reads. A part that ends there is short, and the next one begins there. */
export const REQUEST_ROWS = 50_000

/** A list, newest first, of the rows that match a filter. */
export interface Listing<Row extends { id: string }> {
  list(sql: Sql, span: IdSpan, part: { limit: number; offset: number }): Promise<Row[]>
  /** Counts the rows that match. */
  count(sql: Sql, span: IdSpan): Promise<number>
  /** The table to read in steps. Without it, an index finds the few rows that match. */
  table?: 'users' | 'sessions' | 'outbox' | undefined
  /** The part of the table that holds them, if the table holds others too. */
  bounds?: IdSpan | undefined
}

type Counting = Omit<Listing<{ id: string }>, 'list'>

/** Which part of a list a caller asks for. */
export interface Pagination {
  limit: number
  offset?: number | undefined
  before?: string | undefined
  /** How many rows may be read. Infinity in a command, which delays no request. */
  within: number
  /** Whether the caller needs the total. A list that is read whole is not counted at each part. */
  isCounted?: boolean | undefined
}

/** How many rows match. If not exact, only the newest rows were counted. */
export interface Total {
  count: number
  isExact: boolean
}

export interface ListPart<Row> {
  rows: Row[]
  total: Total
  nextCursor: string | null
}

/** One part of a list that is not in the order of ids. */
export interface SortedPart<Row> {
  rows: Row[]
  nextCursor: string | null
}

/** Which part of such a list a caller asks for. */
export interface AfterCursor {
  limit: number
  cursor?: string | undefined
}

/** Where such a list goes on: `7/ip/203.0.113.9`. Null after a part that is not full. */
export function cursorAfter<Row>(
  rows: Row[],
  limit: number,
  valuesOf: (row: Row) => (number | string)[],
): string | null {
  const last = rows.length < limit ? undefined : rows.at(-1)
  return last === undefined ? null : valuesOf(last).join('/')
}

/** The number and the words of a cursor. Only the last word may contain a slash. Throws USAGE. */
export function readCursor(cursor: string, words: 0 | 1 | 2): { number: number; words: string[] } {
  const [number = '', ...rest] = cursor.split('/')
  if (!/^\d{1,15}$/.test(number) || (words === 0 ? rest.length > 0 : rest.length < words)) throw notACursor(cursor)
  return { number: Number(number), words: [...rest.slice(0, words - 1), rest.slice(words - 1).join('/')] }
}

export function notACursor(cursor: string): AuthdError {
  return new AuthdError('USAGE', {
    message: `"${cursor}" is not a cursor of this list. Use one that the list printed.`,
  })
}

/** Reads one part of a list and counts the list, in bounded time for any size of the table. */
export async function readPart<Row extends { id: string }>(
  deps: Pick<Deps, 'db'>,
  listing: Listing<Row>,
  pagination: Pagination,
): Promise<ListPart<Row>> {
  const { rows, next, isAll } = await readRows(deps, listing, pagination)
  const total =
    isAll || pagination.isCounted === false
      ? { count: rows.length, isExact: isAll && next === undefined }
      : await countTotal(deps, listing, pagination.within)
  return { rows, total, nextCursor: next ?? null }
}

/** Reads one part. `next` is the `before` of the next part; `isAll` means that it began at the newest row and read all it may. */
async function readRows<Row extends { id: string }>(
  deps: Pick<Deps, 'db'>,
  listing: Listing<Row>,
  pagination: Pagination,
): Promise<{ rows: Row[]; next: string | undefined; isAll: boolean }> {
  const rows: Row[] = []
  let { before, offset: skip = 0 } = pagination
  const isFirst = before === undefined && skip === 0
  for (let looked = STEP_ROWS; ; looked += STEP_ROWS) {
    const step = await deps.db.read(async (sql) => {
      const { span, next } = await nextSpan(sql, listing, before)
      const found = await listing.list(sql, span, { limit: pagination.limit - rows.length, offset: skip })
      const skipped = found.length > 0 || skip === 0 ? skip : await listing.count(sql, span)
      return { found, skipped, next }
    })
    rows.push(...step.found)
    skip = Math.max(0, skip - step.skipped)
    before = step.next
    if (rows.length === pagination.limit) return { rows, next: rows.at(-1)?.id, isAll: false }
    if (before === undefined || looked >= pagination.within) return { rows, next: before, isAll: isFirst }
    await nextTurn()
  }
}

async function nextSpan(
  sql: Sql,
  { table, bounds = {} }: Pick<Counting, 'table' | 'bounds'>,
  from: string | undefined,
): Promise<{ span: IdSpan; next: string | undefined }> {
  const rest = { ...bounds, before: from ?? bounds.before }
  const next = table && (await findIdBelow(sql, table, { ...rest, rows: STEP_ROWS }))
  return { span: { before: rest.before, from: next ?? rest.from }, next }
}

async function countTotal(deps: Pick<Deps, 'db'>, listing: Counting, within: number): Promise<Total> {
  if (Number.isFinite(within)) return await countSteps(deps, listing, within)
  return { count: await deps.db.read((sql) => listing.count(sql, {})), isExact: true }
}

/** Counts the matches among the newest `within` rows. */
export async function countSteps(deps: Pick<Deps, 'db'>, listing: Counting, within: number): Promise<Total> {
  let total = 0
  let before: string | undefined
  for (let looked = STEP_ROWS; ; looked += STEP_ROWS) {
    const step = await deps.db.read(async (sql) => {
      const { span, next } = await nextSpan(sql, listing, before)
      return { count: await listing.count(sql, span), next }
    })
    total += step.count
    before = step.next
    if (before === undefined) return { count: total, isExact: true }
    if (looked >= within) return { count: total, isExact: false }
    await nextTurn()
  }
}
