import type { Deps } from '../deps.ts'
import { nextTurn } from '../platform/turn.ts'
import type { Sql } from '../store/db.ts'
import { findIdBelow, type IdSpan } from '../store/id-spans.ts'

/** Rows that one statement looks at: some milliseconds, in which SQLite lets nobody else go on. */
export const STEP_ROWS = 25_000
/** Rows that one request looks at. A page that ends there is short, and the next one begins there. */
export const REQUEST_ROWS = 50_000

/** Rows that are listed newest first, some of which are meant. */
export interface Listing<Row extends { id: string }> {
  list(sql: Sql, span: IdSpan, page: { limit: number; offset: number }): Promise<Row[]>
  /** Of those that are meant. */
  count(sql: Sql, span: IdSpan): Promise<number>
  /** What is read in steps; none: what is meant has an index, and is little. */
  table?: 'users' | 'sessions' | 'outbox' | undefined
  /** Where in the table they are, if others are there too. */
  bounds?: IdSpan | undefined
}

type Counting = Omit<Listing<{ id: string }>, 'list'>

export interface PageAsked {
  limit: number
  offset?: number | undefined
  before?: string | undefined
  /** How many rows may be looked at; Infinity in a command, which holds nobody up. */
  within: number
}

/** How many are meant, or at least so many: not all rows were looked at. */
export interface Total {
  count: number
  isExact: boolean
}

export interface Page<Row> {
  rows: Row[]
  total: Total
  nextCursor: string | null
}

/** One page and how many there are, however many rows the table has. */
export async function readPage<Row extends { id: string }>(
  deps: Pick<Deps, 'db'>,
  listing: Listing<Row>,
  asked: PageAsked,
): Promise<Page<Row>> {
  const { rows, next, isAll } = await readRows(deps, listing, asked)
  const total = isAll
    ? { count: rows.length, isExact: next === undefined }
    : await countTotal(deps, listing, asked.within)
  return { rows, total, nextCursor: next ?? null }
}

/** `next`: for `before` of the next page; `isAll`: there is none before this page, and of what was looked at no more. */
export async function readRows<Row extends { id: string }>(
  deps: Pick<Deps, 'db'>,
  listing: Listing<Row>,
  asked: PageAsked,
): Promise<{ rows: Row[]; next: string | undefined; isAll: boolean }> {
  const rows: Row[] = []
  let { before, offset: skip = 0 } = asked
  const isFirst = before === undefined && skip === 0
  for (let looked = STEP_ROWS; ; looked += STEP_ROWS) {
    const step = await deps.db.read(async (sql) => {
      const { span, next } = await nextSpan(sql, listing, before)
      const found = await listing.list(sql, span, { limit: asked.limit - rows.length, offset: skip })
      const skipped = found.length > 0 || skip === 0 ? skip : await listing.count(sql, span)
      return { found, skipped, next }
    })
    rows.push(...step.found)
    skip = Math.max(0, skip - step.skipped)
    before = step.next
    if (rows.length === asked.limit) return { rows, next: rows.at(-1)?.id, isAll: false }
    if (before === undefined || looked >= asked.within) return { rows, next: before, isAll: isFirst }
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

/** How many are meant of so many rows, the newest. */
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
