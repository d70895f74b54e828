import { toRfc3339 } from '../../platform/clock.ts'
import { eventLine } from '../audit/event-line.ts'
import { renderCard } from '../output/card.ts'
import type { Line } from '../output/clean.ts'
import { showBytes, showCount, showMs, showSpan } from './figures.ts'
import { growth, quantile, rates } from './history.ts'
import type { Seen } from './refresh.ts'
import { noticesOf } from './screen-content.ts'

const EVENTS = 10
/** Window of rates: the time between the samples. */
const WHOLE = { windowMs: 60_000, slices: 1 }

/** One sample, for scripts. Fields are only ever added. Unknown values are null. */
export function snapshotOf(seen: Seen) {
  const { daemon, scrape, totals, requests, signIns, nodes } = seen
  const ms = (share: number) => {
    const found = quantile(requests, share, WHOLE.windowMs)
    return found ? Math.round(found.seconds * 10_000) / 10 : null
  }
  const rate = (value: number | null | undefined) => (value == null ? null : Math.round(value * 100) / 100)
  return {
    time: toRfc3339(seen.at),
    address: seen.address,
    running: daemon !== null,
    version: daemon?.version ?? null,
    uptime_seconds: daemon?.uptime_seconds ?? null,
    nodes: nodes.length > 0 ? nodes.length : daemon ? 1 : 0,
    requests_per_second: scrape ? rate(rates(requests, 'requests', WHOLE)[0]) : null,
    p50_ms: ms(0.5),
    p99_ms: ms(0.99),
    errors_5xx: scrape ? growth(requests, 'errors', WHOLE.windowMs) : null,
    errors_5xx_total: scrape?.counters['errors'] ?? null,
    event_loop_lag_ms: scrape?.loopLagMs == null ? null : Math.round(scrape.loopLagMs * 10) / 10,
    resident_bytes: scrape?.residentBytes ?? null,
    sign_ins_per_second: rate(rates(signIns, 'succeeded', WHOLE)[0]),
    sign_ins_24h: totals?.signIns.succeeded ?? null,
    sign_ins_failed_24h: totals?.signIns.failed ?? null,
    active_sessions: totals?.liveSessions ?? null,
    mails_waiting: totals?.mails.waiting ?? null,
    mails_sent_24h: totals?.mails.sent ?? null,
    mails_failed_24h: totals?.mails.failed ?? null,
    lockouts: seen.lockouts?.length ?? null,
    ip_filters: seen.rules?.length ?? null,
    database_ms: seen.databaseMs === null ? null : Math.round(seen.databaseMs * 10) / 10,
    wal_bytes: seen.walBytes,
    events: seen.events.slice(0, EVENTS),
  }
}

type Snapshot = ReturnType<typeof snapshotOf>

/** The sample as text, for people. */
export function snapshotLines(snapshot: Snapshot, seen: Seen, moment: (time: string) => string): Line[] {
  const { version, uptime_seconds: uptime, nodes, events } = snapshot
  const some = (value: number | null, show: (known: number) => string = showCount) =>
    value === null ? '-' : show(value)
  const state =
    uptime === null
      ? 'down'
      : `running ${version} for ${showSpan(uptime * 1000)}, ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`
  const { requests_per_second: requests, p50_ms: p50, p99_ms: p99, errors_5xx_total: errors } = snapshot
  const speed = `p50 ${some(p50, showMs)}, p99 ${some(p99, showMs)}, 5xx ${some(errors)} since its start`
  const size = `loop lag ${some(snapshot.event_loop_lag_ms, showMs)}, ${some(snapshot.resident_bytes, showBytes)}`
  const mails = `${some(snapshot.mails_waiting)} waiting, in 24 h ${some(snapshot.mails_sent_24h)} sent, ${some(snapshot.mails_failed_24h)} failed`
  const wal = snapshot.wal_bytes === null ? '' : `, WAL ${showBytes(snapshot.wal_bytes)}`
  return [
    ...noticesOf(seen),
    ...renderCard([
      ['daemon', `${state} at ${snapshot.address}`],
      ['requests', requests === null ? null : `${requests}/s, ${speed}`],
      ['process', requests === null ? null : size],
      ['sign-ins', `in 24 h ${some(snapshot.sign_ins_24h)}, failed ${some(snapshot.sign_ins_failed_24h)}`],
      ['sessions', some(snapshot.active_sessions)],
      ['lockouts', `${some(snapshot.lockouts)} factors, ${some(snapshot.ip_filters)} network rules`],
      ['mail', mails],
      ['database', `answers in ${some(snapshot.database_ms, showMs)}${wal}`],
    ]),
    ...events.toReversed().map((event) => eventLine(event, moment)),
  ]
}
