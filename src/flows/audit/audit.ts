import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { HOUR, MINUTE } from '../../platform/clock.ts'
import { nextTurn } from '../../platform/event-loop.ts'
import { parseCidr } from '../../platform/net/cidr.ts'
import { ipMatcher } from '../../platform/net/ip.ts'
import { firstId, timeOfId } from '../../platform/random.ts'
import { findAuditHead } from '../../store/audit-head.ts'
import {
  type AuditFilter,
  type AuditLog,
  findAuditLog,
  findAuditSeqFrom,
  findFirstAuditSeq,
  findLastAuditSeq,
  listAuditLogsAfter,
  listAuditLogsOfRequest,
  listLastAuditLogs,
} from '../../store/audit-logs.ts'
import type { Sql } from '../../store/db.ts'
import { STEP_ROWS } from '../pagination.ts'

const READ_BATCH = 500

/** The longest time that a request takes. */
const REQUEST_MS = MINUTE
/**
 * Rows are numbered nearly in the order of their ids, which carry their time. This is how far the clocks of two
 * instances may differ, or one may be set back, without a row being missed.
 */
const CLOCK_SLACK_MS = HOUR

export interface AuditQuery extends AuditFilter {
  /** An IP address or CIDR. */
  network?: string | undefined
  /** A filter for what the database cannot decide. */
  select?: ((events: AuditLog[]) => AuditLog[]) | undefined
}

export interface AuditPart {
  /** Newest first. */
  events: AuditLog[]
  /** The `before` of the next part; null: this was the last. */
  nextCursor: number | null
}

/** One part of the matching events, newest first. It reads at most `within` rows; a part that ends there is short. */
export async function listAudit(
  deps: Pick<Deps, 'db'>,
  query: AuditQuery,
  { limit, before, within }: { limit: number; before?: number | undefined; within: number },
): Promise<AuditPart> {
  const { filter, select } = split(query)
  const span = await deps.db.read((sql) => findSeqSpan(sql, filter))
  // The events of one user have their own index, and are few.
  const step = filter.userId === undefined ? STEP_ROWS : Number.POSITIVE_INFINITY
  const events: AuditLog[] = []
  const start = before === undefined ? span.last : Math.min(before - 1, span.last)
  for (let upToSeq = start; upToSeq >= span.first; ) {
    const fromSeq = Math.max(span.first, upToSeq - step + 1)
    const found = await deps.db.read((sql) => listLastAuditLogs(sql, { ...filter, fromSeq, upToSeq }, READ_BATCH))
    for (const event of select(found.toReversed())) {
      events.push(event)
      if (events.length === limit) return { events, nextCursor: event.seq }
    }
    upToSeq = (found.length < READ_BATCH ? fromSeq : (found[0]?.seq ?? fromSeq)) - 1
    if (start - upToSeq >= within && upToSeq >= span.first) return { events, nextCursor: upToSeq + 1 }
    await nextTurn()
  }
  return { events, nextCursor: null }
}

/** The range of numbers that rows of this time can have. The id of a request says when it was made. */
async function findSeqSpan(
  sql: Sql,
  { since, until, requestId }: AuditFilter,
): Promise<{ first: number; last: number }> {
  const askedAt = requestId === undefined ? undefined : timeOfId('req', requestId)
  const from = Math.max(since ?? 0, (askedAt ?? 0) - REQUEST_MS)
  const to = Math.min(until ?? Number.POSITIVE_INFINITY, (askedAt ?? Number.POSITIVE_INFINITY) + CLOCK_SLACK_MS)
  const last = await findLastAuditSeq(sql)
  const first =
    from > 0
      ? await findAuditSeqFrom(sql, firstId('evt', Math.max(0, from - CLOCK_SLACK_MS)))
      : await findFirstAuditSeq(sql)
  const end = Number.isFinite(to) ? await findAuditSeqFrom(sql, firstId('evt', to + CLOCK_SLACK_MS)) : undefined
  return { first: first ?? last + 1, last: end ?? last }
}

/** One event, and the other events of the same request. Throws EVENT_NOT_FOUND. */
export async function showAudit(deps: Pick<Deps, 'db'>, id: string): Promise<{ event: AuditLog; request: AuditLog[] }> {
  return await deps.db.read(async (sql) => {
    const event = await findAuditLog(sql, id)
    if (!event) {
      throw new AuthdError('EVENT_NOT_FOUND', { message: `No event "${id}".`, suggestions: ['authd audit list'] })
    }
    const { requestId } = event
    const at = timeOfId('evt', id) ?? event.occurredAt
    if (requestId === null) return { event, request: [] }
    const ids = {
      firstId: firstId('evt', Math.max(0, at - REQUEST_MS)),
      beforeId: firstId('evt', at + REQUEST_MS),
    }
    const same = await listAuditLogsOfRequest(sql, { requestId, ...ids })
    return { event, request: same.filter((other) => other.id !== id) }
  })
}

/** The filter for the database, and the rest that is decided here. */
function split({ network, select = (events) => events, ...filter }: AuditQuery) {
  if (network === undefined) return { filter, select }
  const { text, glob } = parseNetwork(network)
  const isInside = ipMatcher([text])
  return {
    filter: { ...filter, ip: glob },
    select: (events: AuditLog[]) => select(events.filter(({ ip }) => ip !== null && isInside(ip))),
  }
}

/** A network, and a glob for the database: the whole numbers that all its addresses begin with. */
function parseNetwork(network: string): { text: string; glob: string } {
  const parsed = parseCidr(network)
  if (!parsed) {
    throw new AuthdError('VALIDATION_ERROR', {
      message: `"${network}" is not an address or a network. Write 203.0.113.9 or 10.0.0.0/8.`,
    })
  }
  const { text, family, bits } = parsed.cidr
  const [address = ''] = text.split('/')
  if (bits === (family === 4 ? 32 : 128)) return { text, glob: address }
  return {
    text,
    glob: family === 4 ? globOf(address.split('.'), bits / 8, '.') : globOf(groupsOf(address), bits / 16, ':'),
  }
}

/** The groups before the first zero. From there on an address may leave zeros out. */
function groupsOf(address: string): string[] {
  const groups = address.split(':')
  const zeroAt = groups.findIndex((group) => group === '' || group === '0')
  return zeroAt < 0 ? groups : groups.slice(0, zeroAt)
}

function globOf(parts: string[], count: number, separator: '.' | ':'): string {
  const whole = parts.slice(0, Math.floor(count))
  return whole.length === 0 ? `*${separator}*` : `${whole.join(separator)}${separator}*`
}

/** The last events that match, oldest first. */
export async function tailAudit(deps: Pick<Deps, 'db'>, query: AuditQuery, limit: number): Promise<AuditLog[]> {
  const { upToSeq, ...filter } = query
  const before = upToSeq === undefined ? undefined : upToSeq + 1
  return (await listAudit(deps, filter, { limit, before, within: Number.POSITIVE_INFINITY })).events.reverse()
}

/**
 * The events with a number after `after`, oldest first and in parts. A reader that goes on with the returned `after`
 * misses none.
 */
export async function followAudit(
  deps: Pick<Deps, 'db'>,
  query: AuditQuery,
  { after, limit }: { after: number; limit: number },
): Promise<{ events: AuditLog[]; after: number; isMore: boolean }> {
  const { filter, select } = split(query)
  const { found, end, last } = await deps.db.read(async (sql) => {
    const span = await findSeqSpan(sql, filter)
    const from = Math.max(after, span.first - 1)
    const upToSeq = Math.min(from + STEP_ROWS, span.last)
    const rows = await listAuditLogsAfter(sql, { ...filter, upToSeq }, { after: from, limit })
    return { found: rows, end: rows.length === limit ? (rows.at(-1)?.seq ?? from) : upToSeq, last: span.last }
  })
  if (end < last) await nextTurn()
  return { events: select(found), after: Math.max(after, end), isMore: end < last }
}

/** The last number that was given to an event, also if the event was deleted since. */
export async function lastAuditSeq(deps: Pick<Deps, 'db'>): Promise<number> {
  return await deps.db.read(findAuditHead)
}
