const UNITS = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
} as const

/** `30s`, `15m`, `24h`, `7d`, `4w` → milliseconds. Undefined if the text is not a duration. `0` is allowed. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d|w)$/.exec(text) ?? []
  return amount && unit ? Number(amount) * UNITS[unit as keyof typeof UNITS] : undefined
}

/** Returns the shortest exact form: 600000 → `10m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0'
  for (const unit of ['w', 'd', 'h', 'm', 's'] as const) {
    if (ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`
  }
  return `${ms}ms`
}
