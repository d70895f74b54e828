import { z } from 'zod'
import type { ErrorCode } from '../../errors.ts'

/** What every route of the admin API may answer; NOT_FOUND while no key is in force that may use any of it. */
export const REFUSALS: ErrorCode[] = ['UNAUTHORIZED', 'FORBIDDEN', 'NOT_FOUND']

/** How the lists of the admin API are asked for page by page. */
export const LIMIT = z.coerce.number().int().min(1).max(1000).default(50)
export const CURSOR = z.string().max(100).optional().describe('Where the last page ended: see its Link header.')

/**
 * `X-Total-Count`, and a `Link` to the next page (RFC 8288). It is the query alone: what asked at a door or below a
 * prefix goes on there.
 */
export function pageHeaders({
  total,
  nextCursor,
  kept,
}: {
  total?: number
  nextCursor: string | number | null
  kept: Record<string, string | number>
}): Record<string, string> {
  const count = total === undefined ? {} : { 'X-Total-Count': String(total) }
  if (nextCursor === null) return count
  const query = new URLSearchParams({
    ...Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)])),
    cursor: String(nextCursor),
  })
  return { ...count, Link: `<?${query}>; rel="next"` }
}
