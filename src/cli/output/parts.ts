import { notACursor, type Total } from '../../flows/pagination.ts'

/** What is asked of a list that is read in parts. */
export interface AskedPart {
  limit: number
  cursor: string | undefined
  /** Whether the total is needed. */
  isCounted: boolean
}

/** Reads one part. It may be short, or empty, and still have a next one. */
export type ReadPart<Row> = (asked: AskedPart) => Promise<{ rows: Row[]; nextCursor: string | null; total?: Total }>

/** A list that is in memory, because it has few rows, in parts like the others. A row's name is its cursor. */
export function heldRows<Row>(rows: readonly Row[], nameOf: (row: Row) => string): ReadPart<Row> {
  return async ({ limit, cursor }) => {
    const at = cursor === undefined ? -1 : rows.findIndex((row) => nameOf(row) === cursor)
    if (cursor !== undefined && at < 0) throw notACursor(cursor)
    const part = rows.slice(at + 1, at + 1 + limit)
    const last = part.at(-1)
    const isMore = at + 1 + limit < rows.length
    return {
      rows: part,
      nextCursor: isMore && last !== undefined ? nameOf(last) : null,
      total: { count: rows.length, isExact: true },
    }
  }
}

/** What the operator asked for: the flags of `listFlags`. */
export interface AskedList {
  limit?: number | undefined
  cursor?: string | undefined
  all: boolean
}

/** How a list ended. */
export interface ListEnd {
  count: number
  nextCursor: string | null
  /** Exact, or null. */
  total: number | null
}

const BATCH = 500

/** Reads a list part by part, at most `limit` rows, and hands over each part. */
export async function readParts<Row>(
  read: ReadPart<Row>,
  { limit, cursor: from }: { limit: number; cursor: string | undefined },
  take: (rows: Row[]) => void,
): Promise<ListEnd> {
  const isCounted = Number.isFinite(limit) || from !== undefined
  let count = 0
  let counted: Total | undefined
  let cursor: string | null = from ?? null
  do {
    const asked = { limit: Math.min(BATCH, limit - count), cursor: cursor ?? undefined }
    const part = await read({ ...asked, isCounted: isCounted && counted === undefined })
    counted ??= part.total
    take(part.rows)
    count += part.rows.length
    cursor = part.nextCursor
  } while (cursor !== null && count < limit)
  // A part that is exactly full does not know whether it was the last.
  const isMore = cursor !== null && (await hasMore(read, cursor))
  const isWhole = from === undefined && !isMore
  const total = isWhole ? count : counted?.isExact && isCounted ? counted.count : null
  return { count, nextCursor: isMore ? cursor : null, total }
}

async function hasMore<Row>(read: ReadPart<Row>, from: string): Promise<boolean> {
  for (let cursor: string | null = from; cursor !== null; ) {
    const part = await read({ limit: 1, cursor, isCounted: false })
    if (part.rows.length > 0) return true
    cursor = part.nextCursor
  }
  return false
}
