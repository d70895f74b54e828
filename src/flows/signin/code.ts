import type { Deps } from '../../deps.ts'
import { DAY } from '../../platform/clock.ts'
import { digest, equalSecrets, normalizeCode } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { isKnownDevice } from '../../store/devices.ts'
import { type Budget, giveBackFailure, takeFailure } from '../../store/failed-attempts.ts'
import { type SigninAttempt, takeCodeTry, useSigninAttempt } from '../../store/signin-attempts.ts'
import { findUserByEmail, lockUserByEmail, type User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../event.ts'
import { WRONG_CODES_A_DAY } from '../policy/lockout.ts'

/**
 * Spends the code of an attempt's mail, once: whose address it proves (nobody's yet, for a new one). Tries are counted
 * before the comparison: five an attempt, and a day's budget of wrong ones. Undefined: wrong, dead or capped.
 */
export async function spendCode(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt, code, device }: { attempt: SigninAttempt; code: string; device: string | undefined },
): Promise<{ user: User | undefined } | undefined> {
  const now = deps.clock.now()
  const { email } = attempt
  if (email === null) return undefined
  const budget = attempt.codeKind === 'short' ? await codeBudget(trx, { email, device, now }) : undefined
  // The budget's row, then the person's, then the attempt's: of a new address the person's may appear in between.
  const isCapped = budget !== undefined && !(await takeFailure(trx, budget, now))
  const user = await lockUserByEmail(trx, email)
  // What the row holds now: a racer may have sent another mail before this unit held the attempt.
  const codeMac = await takeCodeTry(trx, { id: attempt.id, now })
  if (codeMac === undefined) {
    if (budget && !isCapped) await giveBackFailure(trx, budget)
    return undefined
  }
  if (isCapped || !equalSecrets(macCode(deps, attempt.id, normalizeCode(code)), codeMac)) {
    const metadata = { method: 'email_code', reason: isCapped ? 'capped' : 'invalid_code' }
    const failure = { outcome: 'failure', user: user ?? { email }, metadata } as const
    await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', ...failure })
    return undefined
  }
  if (budget) await giveBackFailure(trx, budget)
  return (await useSigninAttempt(trx, { id: attempt.id, now })) ? { user } : undefined
}

/** Whose wrong codes count together: a known device's own, or those of everybody who types for this address. */
export async function codeBudget(
  sql: Sql,
  { email, device, now }: { email: string; device: string | undefined; now: number },
): Promise<Budget> {
  const limits = { limit: WRONG_CODES_A_DAY, windowMs: DAY }
  const deviceDigest = device === undefined ? undefined : digest(device)
  const user = deviceDigest === undefined ? undefined : await findUserByEmail(sql, email)
  const isKnown = user && deviceDigest && (await isKnownDevice(sql, { userId: user.id, deviceDigest, now }))
  if (isKnown) return { kind: 'mail_code_known_device', subject: `${email} ${deviceDigest}`, ...limits }
  return { kind: 'mail_code', subject: email, ...limits }
}

/** Codes are short, so what is kept is an HMAC under the server's secret, bound to the attempt. */
export function macCode(deps: Pick<Deps, 'keys'>, attemptId: string, code: string): string {
  return deps.keys.mac('signin-code', `${attemptId} ${code}`)
}
