import { AuthdError } from '../../errors.ts'
import { systemClock, toRfc3339 } from '../../platform/clock.ts'
import { formatDuration, parseDuration } from '../../platform/duration.ts'

const STEPS = [
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'second', ms: 1000 },
] as const

const LOCAL = { dateStyle: 'short', timeStyle: 'long' } as const

/** Formats an RFC 3339 time as `--time` says. */
export function showTime(value: string | null, style: string): string {
  if (value === null) return ''
  const epochMs = Date.parse(value)
  if (style === 'iso') return value
  if (style === 'unix') return String(Math.floor(epochMs / 1000))
  if (style === 'local') return new Date(epochMs).toLocaleString('sv', LOCAL)
  if (style === 'moment') return momentOf(value)
  const distance = epochMs - systemClock.now()
  const step = STEPS.find(({ ms }) => Math.abs(distance) >= ms) ?? STEPS[3]
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(Math.round(distance / step.ms), step.unit)
}

/** `11:42:30.123Z` today, else `2026-11-28 11:42:30Z`. */
function momentOf(value: string): string {
  const [day = '', clock = ''] = value.split('T')
  const isToday = toRfc3339(systemClock.now()).startsWith(day)
  return isToday ? clock : `${day} ${clock.slice(0, 8)}Z`
}

/** A time as operators type it: `15m` or `7d` ago, a date, RFC 3339, `now`, `today`, `yesterday`. Epoch milliseconds. */
export function parseTime(text: string): number {
  const now = systemClock.now()
  const today = Date.parse(`${toRfc3339(now).slice(0, 10)}T00:00:00Z`)
  const named = new Map([
    ['now', now],
    ['today', today],
    ['yesterday', today - 86_400_000],
  ])
  const duration = parseDuration(text)
  const at = named.get(text) ?? (duration === undefined ? parseDate(text) : now - duration)
  if (at !== undefined && !Number.isNaN(at)) return at
  throw new AuthdError('USAGE', {
    message: `"${text}" is not a time. Use 15m, 24h, 7d, 2026-11-23, 2026-11-23T10:00:00Z, now, today or yesterday.`,
  })
}

/** When a duration from now on ends, in epoch milliseconds. */
export function parseExpiry(text: string): number {
  const duration = parseDuration(text)
  if (duration !== undefined && duration > 0) return systemClock.now() + duration
  throw new AuthdError('USAGE', { message: `"${text}" is not a duration. Use 24h, 30d or 12w.` })
}

/** A duration in milliseconds, `mostMs` at most. */
export function parseSpan(text: string, mostMs?: number): number {
  const duration = parseDuration(text)
  const isUnlimited = mostMs === undefined
  if (duration !== undefined && (isUnlimited || (duration > 0 && duration <= mostMs))) return duration
  if (isUnlimited) throw new AuthdError('USAGE', { message: `"${text}" is not a duration. Use 5s or 500ms.` })
  throw new AuthdError('USAGE', {
    message: `"${text}" is not a duration up to ${formatDuration(mostMs)}. Use 15m or 2h.`,
  })
}

function parseDate(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : undefined
}
