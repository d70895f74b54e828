import { DAY, HOUR, MINUTE } from '../platform/clock.ts'

/** NIST SP 800-63B-4 §2.1.3, §2.2.3, §2.3.3: how long a session may last, and may rest. */
const PRESETS = {
  aal1: { ttl: 30 * DAY, idleTtl: 14 * DAY },
  aal2: { ttl: 24 * HOUR, idleTtl: HOUR },
  aal3: { ttl: 12 * HOUR, idleTtl: 15 * MINUTE },
}

/** The lifetimes of `session.preset`, in milliseconds. */
export function presetOf(value: (key: string) => unknown): { ttl: number; idleTtl: number } {
  const name = value('session.preset')
  return PRESETS[name === 'aal2' || name === 'aal3' ? name : 'aal1']
}
