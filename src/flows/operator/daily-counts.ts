import type { Deps } from '../../deps.ts'
import { DAY, HOUR, isFromFuture, isWithin, MINUTE, toRfc3339 } from '../../platform/clock.ts'
import { nextTurn } from '../../platform/event-loop.ts'
import { firstId } from '../../platform/random.ts'
import { countEventsIn, countMailsIn, type MethodCount, type Span } from '../../store/counts.ts'
import type { Sql } from '../../store/db.ts'
import { takeLease } from '../../store/node-leases.ts'
import { deleteSystemConfigBelow, listSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import type { EventType } from '../record-event.ts'
import { hasRightClock } from '../right-clock.ts'
import { AUDIT_KEPT_MS, KEPT_MS } from '../upkeep/housekeeping.ts'

/** What is counted per day, and by which events. */
const MEASURES = {
  signIns: ['user.authenticated'],
  failures: ['user.authentication_failed', 'totp.failed', 'recovery_code.failed'],
  signUps: ['user.registered'],
  sessionsCreated: ['session.created'],
  sessionsRevoked: ['session.revoked'],
  lockouts: ['user.locked'],
} as const satisfies Record<string, readonly EventType[]>

type Measure = keyof typeof MEASURES
const NAMES = Object.keys(MEASURES) as Measure[]
const COUNTED = Object.values(MEASURES).flat()
/** Failures whose event says the method. */
const METHOD_OF: Record<string, string> = { 'totp.failed': 'totp', 'recovery_code.failed': 'recovery_code' }

/** How far a clock may have been set back: ids made before it carry a later time than their row. */
const CLOCK_SLACK_MS = HOUR

export type MethodCounts = Pick<Record<Measure, number>, 'signIns' | 'failures'>

export interface DayActivity extends Record<Measure, number> {
  /** Midnight, UTC. */
  startsAt: number
  /** By the day that they were queued. Null for days from which finished mails have been deleted. */
  mailsSent: number | null
  mailsFailed: number | null
  methods: Record<string, MethodCounts>
}

/** Followed by the day. */
const ENTRY = 'day_counts.'
/** Events of so much time are counted by one statement of the daemon, in which SQLite serves nothing else. */
const STEP_MS = 10 * MINUTE
const LEASE_MS = 10 * MINUTE

/**
 * The activity of each day (UTC), from the first that begins at `since` or later. One statement per day keeps every
 * read short, and days that a daemon has counted need none.
 */
export async function readActivity(deps: Deps, since: number): Promise<DayActivity[]> {
  const now = deps.clock.now()
  const today = now - (now % DAY)
  const kept = await deps.db.read((sql) => readKept(sql, now))
  const days: DayActivity[] = []
  for (let at = Math.min(Math.ceil(since / DAY) * DAY, today); at <= today; at += DAY) {
    days.push(await readDay(deps, at, { kept: kept.get(at), hasMails: isWithin(now, at, KEPT_MS) }))
  }
  return days
}

/**
 * Counts the events of days that are over, in small steps and once for all processes, because that takes seconds where
 * there are many. One daemon does it at a time.
 */
export async function keepDays(deps: Pick<Deps, 'clock' | 'db' | 'log' | 'nodeId'>): Promise<void> {
  if (!(await hasRightClock(deps))) return
  const today = deps.clock.now() - (deps.clock.now() % DAY)
  for (let at = today - KEPT_MS; at < today; at += DAY) {
    const now = deps.clock.now()
    if (now < endOf(at) || (await deps.db.read((sql) => readKept(sql, now))).has(at)) continue
    const lease = { name: 'day counts', holder: deps.nodeId, now, expiresAt: now + LEASE_MS }
    if (!(await deps.db.write((trx) => takeLease(trx, lease)))) return
    const events = await countInSteps(deps, at)
    if (events.length === 0) continue
    const value = JSON.stringify({ startsAt: at, of: COUNTED, events })
    await deps.db.write((trx) => setSystemConfig(trx, { key: ENTRY + dayOf(at), value, now, by: deps.nodeId }))
  }
  const oldest = { prefix: ENTRY, key: ENTRY + dayOf(today - AUDIT_KEPT_MS) }
  await deps.db.write((trx) => deleteSystemConfigBelow(trx, oldest))
}

/** The counts by the begin of their day. One that another version made may lack something, and one of a wrong clock too. */
async function readKept(sql: Sql, now: number): Promise<Map<number, MethodCount[]>> {
  const kept = new Map<number, MethodCount[]>()
  for (const { value, updatedAt } of await listSystemConfig(sql, ENTRY)) {
    const { startsAt, of, events } = JSON.parse(value) as { startsAt: number; of: string[]; events: MethodCount[] }
    const isOver = updatedAt >= endOf(startsAt) && !isFromFuture(now, updatedAt)
    if (isOver && of.join() === COUNTED.join()) kept.set(startsAt, events)
  }
  return kept
}

async function countInSteps({ db }: Pick<Deps, 'db'>, startsAt: number): Promise<MethodCount[]> {
  const sums = new Map<string, MethodCount>()
  for (let at = startsAt; at < endOf(startsAt); at += STEP_MS) {
    const ids = { firstId: firstId('evt', at), beforeId: firstId('evt', at + STEP_MS) }
    const counts = await db.read((sql) => countEventsIn(sql, { from: startsAt, to: startsAt + DAY, ...ids }, COUNTED))
    for (const { type, method, count } of counts) {
      const name = `${type} ${method}`
      sums.set(name, { type, method, count: (sums.get(name)?.count ?? 0) + count })
    }
    await nextTurn()
  }
  return [...sums.values()]
}

/** When no event of a day is written any more. */
function endOf(startsAt: number): number {
  return startsAt + DAY + CLOCK_SLACK_MS
}

function dayOf(startsAt: number): string {
  return toRfc3339(startsAt).slice(0, 10)
}

async function readDay(
  deps: Deps,
  startsAt: number,
  { kept, hasMails }: { kept: MethodCount[] | undefined; hasMails: boolean },
): Promise<DayActivity> {
  const span = (prefix: string) => spanOf(prefix, { from: startsAt, to: startsAt + DAY })
  const { events, mails } = await deps.db.read(async (sql) => ({
    events: kept ?? (await countEventsIn(sql, span('evt'), COUNTED)),
    mails: hasMails ? await countMailsIn(sql, span('msg')) : undefined,
  }))
  const day: DayActivity = {
    ...(Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<Measure, number>),
    startsAt,
    mailsSent: mails ? sum(mails.filter(({ state }) => state === 'sent')) : null,
    mailsFailed: mails ? sum(mails.filter(({ state }) => state === 'failed' || state === 'expired')) : null,
    methods: {},
  }
  for (const { type, method, count } of events) {
    const measure = NAMES.find((name) => (MEASURES[name] as readonly string[]).includes(type)) ?? 'signIns'
    day[measure] += count
    if (measure !== 'signIns' && measure !== 'failures') continue
    const name = METHOD_OF[type] ?? method ?? 'other'
    const counts = day.methods[name] ?? { signIns: 0, failures: 0 }
    counts[measure] += count
    day.methods[name] = counts
  }
  return day
}

/** Ids follow time, so a span of time is a range of ids and needs no other index. */
export function spanOf(prefix: string, { from, to }: { from: number; to: number }): Span {
  return { from, to, firstId: firstId(prefix, from), beforeId: firstId(prefix, to + CLOCK_SLACK_MS) }
}

function sum(counts: { count: number }[]): number {
  return counts.reduce((total, { count }) => total + count, 0)
}
