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
const PART_TEXT = [
  'One part of the list. `Link` leads to the next: follow it until it is absent.',
  `A request reads at most ${REQUEST_ROWS} rows, so a part may have fewer than \`limit\` entries, or none, and still have a next one.`,
].join(' ')
const TOTAL_TEXT = `\`X-Total-Count\` is exact unless \`X-Total-Count-Capped: true\` is set. Then there are more than ${REQUEST_ROWS} rows, and only the newest were counted.`

const partHeaders = z.object({
  Link: z
    .string()
    .optional()
    .meta({ examples: ['<?limit=50&cursor=usr_01m88jw08vedqtrgrr9eqkmg57>; rel="next"'] })
    .describe('Leads to the next part (RFC 8288). It is absent in the last one.'),
})

/** The answer of a long list, without its schema. */
export const PART = { text: PART_TEXT, headers: partHeaders }
export const COUNTED_PART = {
  text: `${PART_TEXT} ${TOTAL_TEXT}`,
  headers: partHeaders.extend({
    'X-Total-Count': z.int().describe('The number of entries in all parts.'),
    'X-Total-Count-Capped': z
      .enum(['true'])
      .optional()
      .describe('Set if there are more entries than `X-Total-Count` says.'),
  }),
}

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
