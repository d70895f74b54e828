import type { Quantile } from './history.ts'

/** 1204, 12.3k, 1.2M */
export function showCount(count: number): string {
  if (count < 10_000) return String(Math.round(count))
  const [unit, size] = count < 1_000_000 ? ['k', 1000] : ['M', 1_000_000]
  return `${(count / Number(size)).toFixed(1)}${unit}`
}

/** 38/s, 1.2/s, 0.05/s */
export function showRate(perSecond: number): string {
  const digits = perSecond === 0 || perSecond >= 10 ? 0 : perSecond >= 1 ? 1 : 2
  return `${digits === 0 ? showCount(perSecond) : perSecond.toFixed(digits)}/s`
}

/** 2.1 ms, 41 ms, 1.2 s */
export function showMs(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms >= 10 ? Math.round(ms) : Math.round(ms * 10) / 10} ms`
}

export function showQuantile(quantile: Quantile | undefined): string {
  if (quantile === undefined) return '-'
  const sign = { about: '', atMost: '<', above: '>' }[quantile.kind]
  return sign + showMs(quantile.seconds * 1000)
}

/** 94 MB, 1.2 GB */
export function showBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`
  if (bytes >= 1e6) return `${bytes >= 1e7 ? Math.round(bytes / 1e6) : (bytes / 1e6).toFixed(1)} MB`
  return `${Math.round(bytes / 1000)} kB`
}

/** 12d 4h, 3h 20m, 5m 2s, 7s */
export function showSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first < 0) return '0s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => amount + unit)
    .join(' ')
}
