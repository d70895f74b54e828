/** Counters at one moment. */
export interface Moment {
  /** Epoch milliseconds. */
  at: number
  counters: Readonly<Record<string, number>>
}

/** Counter values by sample. A restart of the daemon does not make them smaller. */
export interface History {
  moments: Moment[]
  /** The values of the last reading. */
  last: Moment | undefined
}

export const EMPTY: History = { moments: [], last: undefined }

/** Adds one sample and drops those older than `keepMs`. */
export function remember(history: History, read: Moment, keepMs: number): History {
  const before = history.last?.counters ?? read.counters
  const totals = history.moments.at(-1)?.counters ?? {}
  const grown = Object.entries(read.counters).map(([name, value]) => {
    const earlier = before[name] ?? 0
    // A smaller value means that the process restarted, so all of it is growth.
    return [name, (totals[name] ?? 0) + (value < earlier ? value : value - earlier)] as const
  })
  const moments = [...history.moments, { at: read.at, counters: Object.fromEntries(grown) }]
  const first = moments.findIndex(({ at }) => at >= read.at - keepMs)
  return { moments: moments.slice(Math.max(0, first - 1)), last: read }
}

/** Growth of a counter within the last `ms` milliseconds, or since the first sample. */
export function growth({ moments }: History, name: string, windowMs: number): number {
  const end = moments.at(-1)
  return end ? (end.counters[name] ?? 0) - (valueAt(moments, name, end.at - windowMs) ?? firstOf(moments, name)) : 0
}

/** Rate per second for each slice of the time; null before the first sample. */
export function rates(
  { moments }: History,
  name: string,
  { windowMs, slices }: { windowMs: number; slices: number },
): (number | null)[] {
  const end = moments.at(-1)?.at
  if (end === undefined) return Array.from({ length: slices }, () => null)
  const sliceMs = windowMs / slices
  return Array.from({ length: slices }, (_, index) => {
    const to = end - (slices - 1 - index) * sliceMs
    const earlier = valueAt(moments, name, to - sliceMs) ?? (isKnown(moments, to) ? firstOf(moments, name) : undefined)
    const later = valueAt(moments, name, to)
    if (earlier === undefined || later === undefined) return null
    const known = Math.min(sliceMs, to - (moments[0]?.at ?? to))
    return known <= 0 ? null : ((later - earlier) * 1000) / known
  })
}

/** Interpolates a counter between two samples. Undefined before the first. */
function valueAt(moments: readonly Moment[], name: string, at: number): number | undefined {
  const next = moments.findIndex((moment) => moment.at >= at)
  const later = moments[next]
  if (!later) return moments.at(-1)?.counters[name]
  const earlier = moments[next - 1]
  const value = later.counters[name] ?? 0
  if (later.at === at) return value
  if (!earlier) return undefined
  const before = earlier.counters[name] ?? 0
  return before + ((value - before) * (at - earlier.at)) / (later.at - earlier.at)
}

function isKnown(moments: readonly Moment[], at: number): boolean {
  return (moments[0]?.at ?? at) < at
}

function firstOf(moments: readonly Moment[], name: string): number {
  return moments[0]?.counters[name] ?? 0
}

/** An estimate from a histogram: `atMost` where it is in the first bucket, `above` where it is beyond the last. */
export type Quantile = { kind: 'about' | 'atMost' | 'above'; seconds: number }

/** The time that a share of the requests in the window did not exceed. Undefined without requests. */
export function quantile(history: History, share: number, windowMs: number): Quantile | undefined {
  const names = Object.keys(history.moments.at(-1)?.counters ?? {}).filter((name) => name.startsWith('le:'))
  const buckets = names
    .map((name) => ({ bound: toBound(name.slice(3)), count: growth(history, name, windowMs) }))
    .sort((left, right) => left.bound - right.bound)
  const all = buckets.at(-1)?.count ?? 0
  if (all <= 0) return undefined
  const wanted = all * share
  const at = buckets.findIndex(({ count }) => count >= wanted)
  const bucket = buckets[at]
  const below = buckets[at - 1]
  if (!bucket) return undefined
  if (!below) return { kind: 'atMost', seconds: bucket.bound }
  if (bucket.bound === Number.POSITIVE_INFINITY) return { kind: 'above', seconds: below.bound }
  const part = (wanted - below.count) / Math.max(bucket.count - below.count, Number.EPSILON)
  return { kind: 'about', seconds: below.bound + (bucket.bound - below.bound) * part }
}

function toBound(text: string): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text)
}
