import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, MINUTE, SECOND } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures, type FailureCount, findFailureCount, setFailureCount } from '../../store/failed-attempts.ts'
import type { User } from '../../store/users.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'

const FREE_FAILURES = 5
/** At most 100 failures in a row (NIST SP 800-63B-4 §3.2.2). */
const DISABLED_AT = 100
const FIRST_WAIT_MS = 30 * SECOND
const LONGEST_WAIT_MS = 15 * MINUTE
/** Wrong TOTP codes a day for one address, with or without a user, where TOTP may be the first proof. */
export const FIRST_WRONG_A_DAY = 5

/** The factors whose codes can be guessed. */
export const CODE_FACTORS = ['totp', 'recovery_code'] as const
export type CodeFactor = (typeof CODE_FACTORS)[number]

export function isDisabledBy(count: Pick<FailureCount, 'failures'> | undefined): boolean {
  return count !== undefined && count.failures >= DISABLED_AT
}

/**
 * Tries a code of one user's factor. It is counted before it is compared, so that parallel guesses use up exactly what
 * is left; a right code clears the count. The unit locks the user, who has given a first proof, so the refusal may say
 * why. Returns undefined for a right code, else INVALID_CREDENTIALS, RATE_LIMITED or FACTOR_DISABLED.
 */
export async function tryFactor(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, factor, isRight }: { user: User; factor: CodeFactor; isRight: () => Promise<boolean> },
): Promise<AuthdError | undefined> {
  const now = deps.clock.now()
  const key = { kind: factor, subject: user.id }
  const before = (await findFailureCount(trx, key)) ?? { failures: 0, blockedUntil: null }
  const locked = lockoutError(before, now)
  if (locked) return locked
  const failures = before.failures + 1
  const waitMs = waitAfter(failures)
  await setFailureCount(trx, key, { failures, blockedUntil: waitMs === 0 ? null : now + waitMs })
  if (await isRight()) {
    await clearFailures(trx, key)
    return undefined
  }
  const about = { user, outcome: 'failure' } as const
  await recordEvent(deps, trx, actor, { ...about, type: `${factor}.failed`, metadata: { failures } })
  if (waitMs > 0) {
    const isDisabled = failures >= DISABLED_AT
    const metadata = { factor, failures, ...(isDisabled ? { disabled: true } : { seconds: waitMs / SECOND }) }
    await recordEvent(deps, trx, actor, { ...about, type: 'user.locked', metadata })
    // The owner is told when the lockout begins, and when the factor is disabled.
    if (failures === FREE_FAILURES || isDisabled) await notify(deps, trx, actor, { user, template: 'factor_locked' })
  }
  return wrongCode(factor)
}

const WRONG: Record<CodeFactor, string> = {
  totp: 'That code did not work. Wait for the next code of the app, and check the clock of the phone.',
  recovery_code: 'That code did not work. Check it. Each recovery code works once.',
}

/** Every reason why a code is not accepted gives this same error. */
export function wrongCode(factor: CodeFactor): AuthdError {
  return new AuthdError('INVALID_CREDENTIALS', { message: WRONG[factor] })
}

/** Says whether no code is accepted now. A lockout that is longer than its failures cause comes from a wrong clock. */
export function isBlocked<Count extends FailureCount>(
  count: Count,
  now: number,
): count is Count & { blockedUntil: number } {
  return count.blockedUntil !== null && isAhead(now, count.blockedUntil, waitAfter(count.failures))
}

/** Why no code of a factor is accepted now: FACTOR_DISABLED or RATE_LIMITED. Undefined if one is. */
export function lockoutError(count: FailureCount | undefined, now: number): AuthdError | undefined {
  if (isDisabledBy(count)) return new AuthdError('FACTOR_DISABLED')
  return count && isBlocked(count, now) ? blockedError(count.blockedUntil - now) : undefined
}

function blockedError(waitMs: number): AuthdError {
  const retryAfter = Math.ceil(waitMs / SECOND)
  const message = `Too many wrong codes. Try again in ${retryAfter} seconds, or use another way.`
  return new AuthdError('RATE_LIMITED', { message, retryAfter })
}

function waitAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_MS)
}
