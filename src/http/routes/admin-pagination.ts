import { z } from 'zod'
import { REQUEST_ROWS, type Total } from '../../flows/pagination.ts'

/** How the lists of the admin API are asked for page by page. */
export const LIMIT = z.coerce.number().int().min(1).max(1000).default(50)
export const CURSOR = z.string().max(100).optional().describe('Where the last page ended: see its Link header.')

/** What the pages of a long list have in common. */
export const PAGE_TEXT = [
  'One page. `Link` tells of the next: follow it until there is none.',
  `A request looks at no more than ${REQUEST_ROWS} rows; a page that ends there has fewer than \`limit\`, perhaps none, and a next one all the same.`,
].join(' ')
export const TOTAL_TEXT = `\`X-Total-Count\` is exact unless \`X-Total-Count-Capped: true\` stands beside it: then there are more than ${REQUEST_ROWS} rows, and only the newest of them were counted.`

/**
 * `X-Total-Count`, and a `Link` to the next page (RFC 8288). It is the query alone: what asked at a door or below a
 * prefix goes on there.
 */
export function pageHeaders({
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
