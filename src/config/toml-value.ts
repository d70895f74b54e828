import { formatDuration } from '../platform/duration.ts'
import type { Key } from './schema.ts'

/** Formats a value for the file: `"10m"`, `["a", "b"]`. */
export function toToml(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toToml).join(', ')}]`
  return JSON.stringify(value)
}

/** Turns milliseconds of a duration key back into the written form. */
export function asWritten(key: Key, value: unknown): unknown {
  return key.kind.name === 'duration' && typeof value === 'number' ? formatDuration(value) : value
}
