import { statSync } from 'node:fs'
import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { listRules } from '../../flows/limits/ip-filter-admin.ts'
import { readPulse, readTotals, type SignIns, type Totals } from '../../flows/operator/top-figures.ts'
import { listQueue } from '../../flows/outbox/queue-admin.ts'
import { type Lockout, listLockouts } from '../../flows/policy/lockout-admin.ts'
import { listAllSessions } from '../../flows/sessions/session-admin.ts'
import { toOperatorError } from '../../flows/shown-error.ts'
import { listNodes, type SeenNode } from '../../flows/upkeep/node.ts'
import { HOUR, SECOND } from '../../platform/clock.ts'
import { type EventResource, presentEvent } from '../../resources/audit-event.ts'
import { type IpFilterResource, presentIpFilter } from '../../resources/ip-filter.ts'
import { type MailResource, presentMail } from '../../resources/mail.ts'
import { presentSession, type SessionResource } from '../../resources/session.ts'
import { askDaemon, fetchMetrics, listeningAt, type Running } from '../daemon-client.ts'
import type { Tab } from '../tui/screen-data.ts'
import { EMPTY, type History, remember } from './history.ts'
import { parseScrape, type Scrape } from './scrape.ts'

const EVENTS = 500
const ROWS = 200
const KEEP_MS = HOUR + 10 * SECOND
/** How often each part is refreshed. The daemon is asked less often, because it logs each request. */
const EVERY_MS = { database: SECOND, daemon: 2 * SECOND, totals: 5 * SECOND }
/** Slow refreshes run less often, to use at most 2 % of the time. */
const REST = 50

/** Everything read so far. */
export interface Seen {
  /** Epoch milliseconds. */
  at: number
  address: string
  daemon: Running | null
  /** Null if it cannot be read; `why` has the reason. */
  scrape: Scrape | null
  earlierScrape: (Scrape & { at: number }) | null
  scrapedAt: number
  why: string
  requests: History
  signIns: History
  events: EventResource[]
  totals: Totals | null
  nodes: SeenNode[]
  sessions: SessionResource[] | null
  rules: IpFilterResource[] | null
  lockouts: Lockout[] | null
  mails: MailResource[] | null
  /** Null if it did not answer. */
  databaseMs: number | null
  databaseError: string
  walBytes: number | null
}

export interface Looker {
  seen(): Seen
  /** Refreshes what is due, the database, or everything. Never throws: a failure becomes a notice. */
  look(input: { tabs: readonly Tab[]; what: 'due' | 'database' | 'all' }): Promise<Seen>
}

export function createLooker(deps: Deps, url: string | undefined): Looker {
  const config = deps.config.current()
  const address = url ?? listeningAt(config.server)
  const due = { database: 0, daemon: 0, totals: 0 }
  let seq: number | null = null
  let counters: Record<string, number> = { succeeded: 0, failed: 0 }
  let seen: Seen = {
    ...{ at: deps.clock.now(), address, daemon: null, scrape: null, earlierScrape: null, scrapedAt: 0, why: '' },
    ...{ requests: EMPTY, signIns: EMPTY, events: [], totals: null, nodes: [], sessions: null, rules: null },
    ...{ lockouts: null, mails: null, databaseMs: null, databaseError: '', walBytes: null },
  }

  async function lookIfDue(name: keyof typeof due, isAsked: boolean, work: () => Promise<void>): Promise<void> {
    const startedAt = deps.clock.now()
    if (!isAsked && startedAt < due[name]) return
    const started = performance.now()
    await work()
    due[name] = startedAt + Math.max(EVERY_MS[name], REST * (performance.now() - started))
  }

  async function lookAtDaemon(): Promise<void> {
    const answer = await fetchMetrics(config, { url, timeoutMs: 2000 })
    const at = deps.clock.now()
    if (!('text' in answer)) {
      seen = { ...seen, daemon: await askDaemon(address), scrape: null, why: answer.why }
      return
    }
    const scrape = parseScrape(answer.text)
    const uptimeMs = scrape.startedAt === null ? 0 : at - scrape.startedAt
    const uptime = Math.round(uptimeMs / SECOND)
    const daemon = { version: scrape.version ?? '', uptime_seconds: uptime, ready: true, problems: [] }
    const earlierScrape = seen.scrape && { ...seen.scrape, at: seen.scrapedAt }
    const requests = remember(seen.requests, { at, counters: scrape.counters }, KEEP_MS)
    seen = { ...seen, daemon, scrape, earlierScrape, scrapedAt: at, why: '', requests }
  }

  async function lookAtDatabase(tabs: readonly Tab[]): Promise<void> {
    const started = performance.now()
    const pulse = await readPulse(deps, seq, EVENTS)
    const databaseMs = performance.now() - started
    seq = pulse.seq
    counters = {
      succeeded: (counters['succeeded'] ?? 0) + pulse.signIns.succeeded,
      failed: (counters['failed'] ?? 0) + pulse.signIns.failed,
    }
    const isQuiet = pulse.events.length === 0
    const events = isQuiet ? seen.events : [...pulse.events.map(presentEvent), ...seen.events].slice(0, EVENTS)
    const signIns = remember(seen.signIns, { at: deps.clock.now(), counters }, KEEP_MS)
    const nodes = deps.db.dialect === 'postgres' ? await listNodes(deps) : []
    const totals = seen.totals && withNew(seen.totals, pulse.signIns)
    seen = { ...seen, events, signIns, totals, nodes, databaseMs, databaseError: '', walBytes: walBytes(config) }
    if (tabs.includes('sessions')) {
      const pagination = { limit: ROWS, within: Number.POSITIVE_INFINITY, isCounted: false }
      const { rows } = await listAllSessions(deps, { isLiveOnly: true }, pagination)
      seen = { ...seen, sessions: rows.map(presentSession) }
    }
    if (tabs.includes('blocked')) {
      const rules = await listRules(deps, { isExpired: false })
      seen = { ...seen, rules: rules.reverse().map(presentIpFilter), lockouts: await listLockouts(deps) }
    }
    if (tabs.includes('mail')) {
      const { rows } = await listQueue(deps, { kind: 'mail' }, { limit: ROWS, within: ROWS })
      seen = { ...seen, mails: rows.map(presentMail) }
    }
  }

  async function lookAtTotals(): Promise<void> {
    seen = { ...seen, totals: await readTotals(deps) }
  }

  async function look({ tabs, what }: Parameters<Looker['look']>[0]): Promise<Seen> {
    const database = async () => {
      try {
        await lookIfDue('database', what !== 'due', () => lookAtDatabase(tabs))
        await lookIfDue('totals', what === 'all', lookAtTotals)
      } catch (error) {
        seen = { ...seen, databaseMs: null, databaseError: toOperatorError(error).message }
      }
    }
    await Promise.all([lookIfDue('daemon', what === 'all', lookAtDaemon), database()])
    seen = { ...seen, at: deps.clock.now() }
    return seen
  }

  let before: Promise<unknown> = Promise.resolve()
  return {
    seen: () => seen,
    look(input) {
      // One at a time, or an event would be seen twice.
      const looked = before.then(() => look(input))
      before = looked
      return looked
    },
  }
}

/** The day's counts, with new events added until the next full count. */
function withNew(totals: Totals, { succeeded, failed }: SignIns): Totals {
  const { signIns } = totals
  return { ...totals, signIns: { succeeded: signIns.succeeded + succeeded, failed: signIns.failed + failed } }
}

/** Size of SQLite's write-ahead log; null on PostgreSQL. */
function walBytes({ database }: Config): number | null {
  if (database.url !== undefined) return null
  return statSync(`${database.path}-wal`, { throwIfNoEntry: false })?.size ?? 0
}
