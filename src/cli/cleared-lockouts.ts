import type { Cleared } from '../flows/policy/lockout-admin.ts'
import { counted } from './output/count.ts'

/** Says which lockouts were cleared: `totp (5 wrong), mail_limit (10 mails)`. */
export function clearedText(cleared: readonly Cleared[]): string {
  const parts = cleared.map(({ kind, failures }) =>
    kind === 'mail_limit' ? `${kind} (${counted(failures, 'mail')})` : `${kind} (${failures} wrong)`,
  )
  return parts.join(', ')
}

/** Mails that were counted kept nobody from anything. Wrong codes may have. */
export function hadLockout(cleared: readonly Cleared[]): boolean {
  return cleared.some(({ kind }) => kind !== 'mail_limit')
}

/** The text for a user who had no lockout. */
export const NOTHING_CLEARED = 'had no lockout, and no mail counted'
