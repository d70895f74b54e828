import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { parseCidr } from '../platform/cidr.ts'
import { ipMatcher } from '../platform/ip.ts'
import { lockAuditHead, moveAuditHead } from '../store/audit-head.ts'
import {
  type AuditFilter,
  type AuditLog,
  findLastAuditSeq,
  hasUnsealedAuditLogs,
  listAuditLogsAfter,
  listLastAuditLogs,
  sealAuditLogs,
} from '../store/audit-logs.ts'

const SEAL_BATCH = 1000
const READ_BATCH = 500

export interface AuditQuery extends AuditFilter {
  /** An address or CIDR. */
  network?: string | undefined
  /** Those of some events that are meant, where the database cannot tell. */
  select?: ((events: AuditLog[]) => AuditLog[]) | undefined
}

/**
 * Numbers the rows that have no number yet. On PostgreSQL commits do not follow ids, so the order of the log is the
 * one the sealer saw, and whoever follows the log follows `seq`. Any number of processes may call it: the head's row
 * lets one at a time through.
 */
export async function sealAudit(deps: Pick<Deps, 'db'>): Promise<number> {
  let sealed = 0
  while (await deps.db.read(hasUnsealedAuditLogs)) {
    sealed += await deps.db.write(async (trx) => {
      const from = await lockAuditHead(trx)
      const count = await sealAuditLogs(trx, { from, limit: SEAL_BATCH })
      if (count > 0 && !(await moveAuditHead(trx, { from, to: from + count })))
        throw new Error('audit head moved while held')
      return count
    })
  }
  return sealed
}

export interface AuditPage {
  /** Newest first. */
  events: AuditLog[]
  /** For `before` of the next page; null: this was the last. */
  nextCursor: number | null
}

/** One page, newest first, of the events that match; `network` also asks that the address be in it. */
export async function listAudit(
  deps: Pick<Deps, 'db'>,
  query: AuditQuery,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<AuditPage> {
  const { filter, select } = split(query)
  const events: AuditLog[] = []
  let upToSeq = before === undefined ? undefined : before - 1
  for (;;) {
    const page = await deps.db.read((sql) => listLastAuditLogs(sql, { ...filter, upToSeq }, READ_BATCH))
    for (const event of select(page.toReversed())) {
      events.push(event)
      if (events.length === limit) return { events, nextCursor: event.seq }
    }
    if (page.length < READ_BATCH) return { events, nextCursor: null }
    upToSeq = (page[0]?.seq ?? 1) - 1
  }
}

/** One event, and what else was recorded of the same request. */
export async function showAudit(deps: Pick<Deps, 'db'>, id: string): Promise<{ event: AuditLog; request: AuditLog[] }> {
  return await deps.db.read(async (sql) => {
    const [event] = await listLastAuditLogs(sql, { id }, 1)
    if (!event) {
      throw new AuthdError('EVENT_NOT_FOUND', { message: `No event "${id}".`, suggestions: ['authd audit list'] })
    }
    const { requestId } = event
    const same = requestId === null ? [] : await listLastAuditLogs(sql, { requestId }, 100)
    return { event, request: same.filter((other) => other.id !== id) }
  })
}

/** What the database is asked, and what is left to do with its answer. */
function split({ network, select, ...filter }: AuditQuery) {
  const isMeant = inNetwork(network)
  const within = (events: AuditLog[]) => (network === undefined ? events : events.filter(isMeant))
  return { filter, select: (events: AuditLog[]) => (select ? select(within(events)) : within(events)) }
}

/** Tells whether an event's address is in a network; throws VALIDATION_ERROR where it is none. */
function inNetwork(network: string | undefined): (event: Pick<AuditLog, 'ip'>) => boolean {
  if (network === undefined) return () => true
  const parsed = parseCidr(network)
  if (!parsed) {
    throw new AuthdError('VALIDATION_ERROR', { message: `"${network}" is no address or network such as 10.0.0.0/8.` })
  }
  const isInside = ipMatcher([parsed.cidr.text])
  return ({ ip }) => ip !== null && isInside(ip)
}

/** The last events that match, in order. */
export async function tailAudit(deps: Pick<Deps, 'db'>, query: AuditQuery, limit: number): Promise<AuditLog[]> {
  const { upToSeq, ...filter } = query
  const before = upToSeq === undefined ? undefined : upToSeq + 1
  return (await listAudit(deps, filter, { limit, before })).events.reverse()
}

/** What has been sealed after that number, in order, a page at a time; none is ever missed by going on with `after`. */
export async function followAudit(
  deps: Pick<Deps, 'db'>,
  query: AuditQuery,
  page: { after: number; limit: number },
): Promise<{ events: AuditLog[]; after: number; isMore: boolean }> {
  const { filter, select } = split(query)
  const found = await deps.db.read((sql) => listAuditLogsAfter(sql, filter, page))
  const after = found.at(-1)?.seq ?? page.after
  return { events: select(found), after, isMore: found.length === page.limit }
}

/** Where the log ends now. */
export async function lastAuditSeq(deps: Pick<Deps, 'db'>): Promise<number> {
  return await deps.db.read(findLastAuditSeq)
}
