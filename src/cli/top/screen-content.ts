import { toRfc3339 } from '../../platform/clock.ts'
import type { Figure, HeaderRow, View } from '../tui/screen-data.ts'
import { showBytes, showCount, showMs, showQuantile, showRate, showSpan } from './figures.ts'
import { growth, quantile, rates } from './history.ts'
import { nodeTable, type OwnNode } from './node-table.ts'
import type { Seen } from './refresh.ts'
import { blockedTable, eventTable, mailTable, sessionTable } from './tables.ts'

export interface Shown {
  /** The host of public_url. */
  title: string
  windowMs: number
  /** The number of points in a curve. */
  slices: number
  reason: string | undefined
}

/** Turns what was read into what the screen shows. */
export function viewOf(seen: Seen, shown: Shown): View {
  const { daemon, nodes, events, sessions, rules, lockouts, mails } = seen
  const { reason } = shown
  const up = daemon ? [`up ${showSpan(daemon.uptime_seconds * 1000)}`, daemon.version] : ['daemon down']
  return {
    title: shown.title,
    state: nodes.length > 1 ? [...up, `${nodes.length} nodes`] : up,
    time: `${toRfc3339(seen.at).slice(11, 19)} UTC`,
    notices: noticesOf(seen),
    rows: [requestRow(seen, shown), signInRow(seen, shown), stateRow(seen)],
    tables: {
      live: eventTable(events, reason),
      ...(sessions && { sessions: sessionTable(sessions, reason) }),
      ...(rules && lockouts && { blocked: blockedTable(lockouts, rules, reason) }),
      ...(mails && { mail: mailTable(mails) }),
      nodes: nodeTable(nodes, ownNode(seen), seen.at),
    },
  }
}

export function noticesOf({ daemon, scrape, why, address, databaseError }: Seen): string[] {
  const notices: string[] = []
  if (!daemon) notices.push(`No daemon answers at ${address}. Showing data from the database only.`)
  else if (!scrape) notices.push(`Requests and latency are not available: ${why}.`)
  if (databaseError !== '') notices.push(`The database does not answer: ${databaseError}`)
  return notices
}

function requestRow({ scrape, requests }: Seen, { windowMs, slices }: Shown): HeaderRow {
  if (!scrape) return { label: 'requests', figures: [{ text: 'unknown' }] }
  const curve = rates(requests, 'requests', { windowMs, slices })
  const errors = growth(requests, 'errors', windowMs)
  const p = (share: number) => showQuantile(quantile(requests, share, windowMs))
  const { loopLagMs, residentBytes } = scrape
  return {
    label: 'requests',
    curve,
    figures: [
      { text: showRate(curve.at(-1) ?? 0) },
      { text: `p50 ${p(0.5)}` },
      { text: `p99 ${p(0.99)}` },
      { text: `5xx ${showCount(errors)}`, isBad: errors > 0 },
      ...(loopLagMs === null ? [] : [{ text: `lag ${showMs(loopLagMs)}` }]),
      ...(residentBytes === null ? [] : [{ text: showBytes(residentBytes) }]),
    ],
  }
}

function signInRow({ signIns, totals }: Seen, { windowMs, slices }: Shown): HeaderRow {
  const curve = rates(signIns, 'succeeded', { windowMs, slices })
  const succeeded = growth(signIns, 'succeeded', windowMs)
  const failed = growth(signIns, 'failed', windowMs)
  const all = succeeded + failed
  const share: Figure[] = all === 0 ? [] : [{ text: `${Math.floor((succeeded / all) * 100)} % ok` }]
  const day = totals?.signIns
  return {
    label: 'sign-ins',
    curve,
    figures: [
      { text: showRate(curve.at(-1) ?? 0) },
      ...share,
      { text: `failed ${showCount(failed)}`, isBad: failed > succeeded },
      ...(day ? [{ text: `24h ${showCount(day.succeeded)} ok ${showCount(day.failed)} failed` }] : []),
    ],
  }
}

function stateRow({ totals, databaseMs, walBytes, at }: Seen): HeaderRow {
  const database: Figure[] = [
    databaseMs === null ? { text: 'db down', isBad: true } : { text: `db ${showMs(databaseMs)}` },
    ...(walBytes === null ? [] : [{ text: `WAL ${showBytes(walBytes)}` }]),
  ]
  if (!totals) return { label: 'sessions', figures: [{ text: 'unknown' }, ...database] }
  const { waiting, oldestWaitingAt, sent, failed } = totals.mails
  const oldest = oldestWaitingAt === null ? '' : `, oldest ${showSpan(at - oldestWaitingAt)}`
  return {
    label: 'sessions',
    figures: [
      { text: showCount(totals.liveSessions) },
      { text: `mail ${showCount(waiting)} waiting${oldest}` },
      { text: `24h ${showCount(sent)} sent` },
      { text: `${showCount(failed)} failed`, isBad: failed > 0 },
      ...database,
    ],
  }
}

function ownNode({ daemon, scrape, earlierScrape, scrapedAt, address, at }: Seen): OwnNode | null {
  if (!daemon) return null
  const seconds = scrape && earlierScrape ? (scrapedAt - earlierScrape.at) / 1000 : 0
  const used = (scrape?.cpuSeconds ?? 0) - (earlierScrape?.cpuSeconds ?? 0)
  return {
    address,
    version: daemon.version,
    startedAt: scrape?.startedAt ?? at - daemon.uptime_seconds * 1000,
    residentBytes: scrape?.residentBytes ?? null,
    cpu: seconds > 0 && used >= 0 ? `${Math.round((used / seconds) * 100)} %` : '-',
  }
}
