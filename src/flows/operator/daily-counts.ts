import type { Deps } from '../../deps.ts'
import { DAY, HOUR, isWithin } from '../../platform/clock.ts'
import { firstId } from '../../platform/random.ts'
import { countEventsIn, countMailsIn, type Span } from '../../store/counts.ts'
import type { EventType } from '../record-event.ts'
import { KEPT_MS } from '../upkeep/housekeeping.ts'

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

/**
 * The activity of each day (UTC), from the first that begins at `since` or later. One statement per day keeps every
 * read short.
 */
export async function readActivity(deps: Deps, since: number): Promise<DayActivity[]> {
  const now = deps.clock.now()
  const today = now - (now % DAY)
  const days: DayActivity[] = []
  for (let at = Math.min(Math.ceil(since / DAY) * DAY, today); at <= today; at += DAY) {
    days.push(await readDay(deps, at, isWithin(now, at, KEPT_MS)))
  }
  return days
}

async function readDay(deps: Deps, startsAt: number, hasMails: boolean): Promise<DayActivity> {
  const span = (prefix: string) => spanOf(prefix, { from: startsAt, to: startsAt + DAY })
  const { events, mails } = await deps.db.read(async (sql) => ({
    events: await countEventsIn(sql, span('evt'), COUNTED),
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
