import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { type FailureRow, listFailures } from '../../store/failed-attempts.ts'
import { FIRST_WRONG_A_DAY } from '../factors/totp.ts'
import { resolveUser } from '../named-user.ts'
import { WRONG_CODES_A_DAY } from '../signin/code.ts'
import { isDisabledBy } from './lockout.ts'

export type LockoutState = 'braked' | 'off' | 'long_codes' | 'used_up'

/** What wrong codes hold up now, and for whom. Nothing else of theirs is held up. */
export interface Lockout {
  kind: string
  /** Whose: a person's address, or one that was typed and is nobody's. */
  email: string
  failures: number
  state: LockoutState
  /** Null: until an operator lifts it. */
  until: number | null
}

const MOST = 10_000

export async function listLockouts(
  deps: Pick<Deps, 'db' | 'clock'>,
  filter: { user?: string | undefined } = {},
): Promise<Lockout[]> {
  const now = deps.clock.now()
  const email = filter.user === undefined ? undefined : (await resolveUser(deps, filter.user)).email
  const rows = await deps.db.read((sql) => listFailures(sql, now, MOST))
  return rows.flatMap((row) => lockoutOf(row, now)).filter((lockout) => email === undefined || lockout.email === email)
}

function lockoutOf(row: FailureRow, now: number): Lockout[] {
  const { kind, subject, failures, blockedUntil, windowEndsAt } = row
  const about = { kind, failures, email: row.email ?? subject.split(' ')[0] ?? subject }
  // A budget's window is a day; a brake has none.
  const isBudget = windowEndsAt <= now + DAY
  if (isBudget) {
    const limit = kind === 'totp_first' ? FIRST_WRONG_A_DAY : WRONG_CODES_A_DAY
    if (failures < limit) return []
    return [{ ...about, state: kind === 'totp_first' ? 'used_up' : 'long_codes', until: windowEndsAt }]
  }
  if (isDisabledBy(row)) return [{ ...about, state: 'off', until: null }]
  return blockedUntil !== null && blockedUntil > now ? [{ ...about, state: 'braked', until: blockedUntil }] : []
}
