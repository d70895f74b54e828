import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { MINUTE, SECOND } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import { type Brake, clearFailures, findBrake, setBrake } from '../../store/failed-attempts.ts'
import type { User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../event.ts'
import { notify } from '../outbox/notice.ts'

const FREE_FAILURES = 5
/** NIST SP 800-63B-4 §3.2.2: no more than 100 in a row. */
const DISABLED_AT = 100
const FIRST_WAIT_MS = 30 * SECOND
const LONGEST_WAIT_MS = 15 * MINUTE
/** Wrong mail codes a day for one address from unknown devices, across attempts. A known device has as many of its own. */
export const WRONG_CODES_A_DAY = 20
/** Wrong TOTP codes a day for one address, known or unknown, where TOTP may come first. */
export const FIRST_WRONG_A_DAY = 5

export type BrakedFactor = 'totp' | 'recovery_code'
export type Refusal = { kind: 'wrong' } | { kind: 'blocked'; waitMs: number } | { kind: 'disabled' }

export function isDisabledBy(brake: Pick<Brake, 'failures'> | undefined): boolean {
  return brake !== undefined && brake.failures >= DISABLED_AT
}

/**
 * Tries a guess at one person's factor. It is counted before it is compared, so that parallel guesses use up exactly
 * what there is; a right one takes the count away. The unit holds the person. Undefined: it was right.
 */
export async function brake(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, factor, isRight }: { user: User; factor: BrakedFactor; isRight: () => Promise<boolean> },
): Promise<Refusal | undefined> {
  const now = deps.clock.now()
  const key = { kind: factor, subject: user.id }
  const before = (await findBrake(trx, key)) ?? { failures: 0, blockedUntil: null }
  if (isDisabledBy(before)) return { kind: 'disabled' }
  if (before.blockedUntil !== null && before.blockedUntil > now) {
    return { kind: 'blocked', waitMs: before.blockedUntil - now }
  }
  const failures = before.failures + 1
  const waitMs = waitAfter(failures)
  await setBrake(trx, key, { failures, blockedUntil: waitMs === 0 ? null : now + waitMs })
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
    // Whoever types these has given a first proof: the owner is told when it begins, and when the factor is off.
    if (failures === FREE_FAILURES || isDisabled) await notify(deps, trx, actor, { user, template: 'factor_braked' })
  }
  return { kind: 'wrong' }
}

/** The error of a refusal, for somebody who has given a first proof: it may say what is going on. */
export function refusalError(refusal: Refusal): AuthdError {
  if (refusal.kind === 'disabled') return new AuthdError('FACTOR_DISABLED')
  if (refusal.kind === 'wrong') return new AuthdError('INVALID_CREDENTIALS')
  const retryAfter = Math.ceil(refusal.waitMs / SECOND)
  const message = `Too many wrong codes. Try again in ${retryAfter} seconds, or use another way.`
  return new AuthdError('RATE_LIMITED', { message, retryAfter })
}

function waitAfter(failures: number): number {
  if (failures < FREE_FAILURES) return 0
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - FREE_FAILURES), LONGEST_WAIT_MS)
}
