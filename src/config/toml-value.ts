import { formatDuration } from '../platform/duration.ts'
import type { Key } from './schema.ts'

/** A value as the file writes it: `"10m"`, `["a", "b"]`. */
export function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(', ')}]`
  return JSON.stringify(value)
}

/** What the program has as milliseconds goes back to how people write it. */
export function asWritten(key: Key, value: unknown): unknown {
  return key.kind.name === 'duration' && typeof value === 'number' ? formatDuration(value) : value
}
