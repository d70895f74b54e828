import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { mintRecoveryCode, normalizeCode } from '../../platform/codes.ts'
import { digest, equalSecrets } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures, findFailureCount } from '../../store/failed-attempts.ts'
import {
  deleteRecoveryCodes,
  listUnusedRecoveryCodes,
  replaceRecoveryCodes,
  useRecoveryCode,
} from '../../store/recovery-codes.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { findSigninAttempt } from '../../store/signin-attempts.ts'
import { lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { notify } from '../outbox/notice.ts'
import { completes, enrolledFactors, hasFactor } from '../policy/factor.ts'
import { lockoutError, tryFactor, wrongCode } from '../policy/lockout.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdFresh } from '../sessions/freshness.ts'
import { type Renewed, renew } from '../sessions/new-secret.ts'
import { forgetProofs } from '../sessions/proofs.ts'
import { incompleteCode } from '../signin/check-code.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import { findHeld, isOpen } from '../signin/held-attempt.ts'
import type { Redemption } from '../signin/redeem.ts'
import { keepShownCodes } from './shown-codes.ts'

const CODES = 10
/** The value in place of a salt. Codes of 120 bits need none; only the older codes of 60 bits have a salt. */
const NO_SALT = ''
const SALTED_LENGTH = 12

/** Signs in with a recovery code, after a first proof. Throws INVALID_CREDENTIALS, RATE_LIMITED, FACTOR_DISABLED. */
export async function redeemRecoveryCode(
  deps: Deps,
  actor: Actor,
  { code, holding, replaces, device }: Redemption & { code: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const now = deps.clock.now()
  const held = (await deps.db.read((sql) => findHeld(sql, holding)))?.attempt
  const guess = held?.userId && isOpen(held, now) ? await hashGuess(deps, held.userId, code) : undefined
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const wrong = wrongCode('recovery_code')
    const attempt = (await findHeld(trx, holding))?.attempt
    if (guess === undefined || !attempt || attempt.userId === null || !isOpen(attempt, now)) return wrong
    if (!completes(attempt.proofs, 'recovery_code')) return wrong
    const user = await lockUser(trx, attempt.userId)
    // A parallel request, which this one waited for, may have signed in with the same code.
    if (!user || (await findSigninAttempt(trx, attempt.id))?.completedAt != null) return wrong
    const refusal = await checkRecoveryCode(deps, trx, actor, { user, guess })
    if (refusal) return refusal
    const method = 'recovery_code'
    return (await completeSignIn(deps, trx, actor, { attempt, user, proof: method, method, replaces, device })) ?? wrong
  })
  return await presentSignIn(deps, outcome)
}

/**
 * The hash of a typed code, as the user's codes are stored. Codes of 60 bits need a slow hash. It never runs inside a
 * unit, for a text that cannot be right, or while the factor is locked. Throws RATE_LIMITED,
 * FACTOR_DISABLED, VALIDATION_ERROR.
 */
export async function hashGuess(
  deps: Pick<Deps, 'db' | 'clock' | 'slowHash'>,
  userId: string,
  typed: string,
): Promise<string> {
  const code = normalizeCode(typed)
  if (code === '') throw incompleteCode()
  const [salt, failures] = await deps.db.read(async (sql) => [
    (await listUnusedRecoveryCodes(sql, userId))[0]?.salt,
    await findFailureCount(sql, { kind: 'recovery_code', subject: userId }),
  ])
  if (salt === NO_SALT) return digest(code)
  if (salt === undefined || code.length !== SALTED_LENGTH) return ''
  const locked = lockoutError(failures, deps.clock.now())
  if (locked) throw locked
  return await deps.slowHash(code, salt)
}

/** Spends the code with this hash, within the limits on wrong codes. The unit locks the user, who is told by mail. */
export async function checkRecoveryCode(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, guess }: { user: User; guess: string },
): Promise<AuthdError | undefined> {
  const unused = await listUnusedRecoveryCodes(trx, user.id)
  const isRight = async () => {
    const found = unused.find(({ codeHash }) => equalSecrets(codeHash, guess))
    return found !== undefined && (await useRecoveryCode(trx, { id: found.id, now: deps.clock.now() }))
  }
  const refusal = await tryFactor(deps, trx, actor, { user, factor: 'recovery_code', isRight })
  if (refusal) return refusal
  const left = unused.length - 1
  await recordEvent(deps, trx, actor, { type: 'recovery_code.used', user, metadata: { left } })
  await notify(deps, trx, actor, { user, template: 'recovery_code_used', values: { codes_left: String(left) } })
  return undefined
}

/** Makes codes for a user without unused ones. Returns them, to be shown once, or undefined. */
export async function ensureRecoveryCodes(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  user: User,
): Promise<string[] | undefined> {
  if ((await listUnusedRecoveryCodes(trx, user.id)).length > 0) return undefined
  return await makeCodes(deps, trx, actor, user)
}

/** Replaces all recovery codes of a user who has another factor. Throws CONFLICT without one, STEP_UP_REQUIRED. */
export async function remakeRecoveryCodes(
  deps: Deps,
  actor: Actor,
  session: OwnedSession,
): Promise<{ renewed: Renewed; codes: string[] }> {
  return await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    if (!hasFactor(await enrolledFactors(trx, user.id))) {
      const message = 'Recovery codes stand in for a passkey or an authenticator app. Add one of these first.'
      return new AuthdError('CONFLICT', { message })
    }
    const codes = await makeCodes(deps, trx, actor, user)
    await keepShownCodes(deps, trx, { session: held.session, codes })
    await forgetProofs(trx, { userId: user.id, removed: ['recovery_code'], keptId: session.id })
    return { renewed: await renew(deps, trx, { session: held.session }), codes }
  })
}

/** Recovery codes stand in for a factor, so they end with the last one, and so does what a factor has proven. */
export async function dropLoneRecoveryCodes(trx: Trx, userId: string): Promise<void> {
  if (hasFactor(await enrolledFactors(trx, userId))) return
  await deleteRecoveryCodes(trx, userId)
  await forgetProofs(trx, { userId, removed: ['passkey', 'totp'] })
}

/** Gives the user ten new codes in place of the old ones. The caller has locked the user. */
async function makeCodes(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<string[]> {
  const codes = Array.from({ length: CODES }, () => mintRecoveryCode(deps.random))
  const createdAt = deps.clock.now()
  const rows = codes.map((code) => ({
    id: deps.random.id('rc'),
    salt: NO_SALT,
    codeHash: digest(normalizeCode(code)),
    createdAt,
  }))
  await replaceRecoveryCodes(trx, user.id, rows)
  await clearFailures(trx, { kind: 'recovery_code', subject: user.id })
  await recordEvent(deps, trx, actor, { type: 'recovery_codes.made', user })
  await notify(deps, trx, actor, { user, template: 'recovery_codes_made' })
  return codes
}
