import { z } from 'zod'
import { REQUEST_ROWS, type Total } from '../../flows/pagination.ts'

/** The parameters of a list of the admin API. */
export const limitField = z.coerce.number().int().min(1).max(1000).default(50).describe('The most entries of one part.')
export const cursorField = z
  .string()
  .max(100)
  .optional()
  .describe('The cursor in the `Link` header of the previous part.')

/** What the answers of all long lists say. */
export const PART_TEXT = [
  'One part of the list. `Link` leads to the next: follow it until it is absent.',
  `A request reads at most ${REQUEST_ROWS} rows, so a part may have fewer than \`limit\` entries, or none, and still have a next one.`,
].join(' ')
export const TOTAL_TEXT = `\`X-Total-Count\` is exact unless \`X-Total-Count-Capped: true\` is set. Then there are more than ${REQUEST_ROWS} rows, and only the newest were counted.`

/**
 * `X-Total-Count`, and a `Link` to the next part (RFC 8288). The link is a query alone, so that it works on any host and
 * below any path prefix.
 */
export function paginationHeaders({
  total,
  nextCursor,
  kept,
}: {
  total?: Total
  nextCursor: string | number | null
  kept: Record<string, string | number>
}): Record<string, string> {
  const count: Record<string, string> = total === undefined ? {} : { 'X-Total-Count': String(total.count) }
  if (total?.isExact === false) count['X-Total-Count-Capped'] = 'true'
  if (nextCursor === null) return count
  const query = new URLSearchParams({
    ...Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)])),
    cursor: String(nextCursor),
  })
  return { ...count, Link: `<?${query}>; rel="next"` }
}
