import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, isAhead, MINUTE, toSeconds } from '../../platform/clock.ts'
import { findShortCode } from '../../platform/codes.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures, findFailureCount, giveBackFailure, takeFailure } from '../../store/failed-attempts.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { findSigninAttempt } from '../../store/signin-attempts.ts'
import { confirmTotp, deleteTotp, findTotpSecret, putPendingTotp, useTotpStep } from '../../store/totp-secrets.ts'
import { lockUser, lockUserByEmail, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { notify } from '../outbox/notice.ts'
import { completes, lastFactorGuard } from '../policy/factor.ts'
import { FIRST_WRONG_A_DAY, lockoutError, tryFactor, wrongCode } from '../policy/lockout.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdFresh, holdToEnrol } from '../sessions/freshness.ts'
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
import { dropLoneRecoveryCodes, ensureRecoveryCodes } from './recovery-code.ts'
import { keepShownCodes } from './shown-codes.ts'

/** 160 bits (RFC 4226 §4, requirement R6). */
const SECRET_BYTES = 20
/** Seconds for which one code is valid. */
export const STEP_S = 30
/** Seconds. The step before the current one and the next: phones' clocks run behind or ahead (RFC 6238 §5.2, §6). */
const TOLERANCE_S = STEP_S
const PENDING_MS = 10 * MINUTE
/** How many spent time steps of an app are remembered. A code works once. */
const STEPS_KEPT = 100

/**
 * Signs in with a code of the authenticator app, after a first proof. With `totp.allow_first_factor` it may be the only
 * proof, for the address of the attempt, and every refusal is INVALID_CREDENTIALS. Else throws RATE_LIMITED and
 * FACTOR_DISABLED too.
 */
export async function redeemTotp(
  deps: Deps,
  actor: Actor,
  { code, holding, replaces, device }: Redemption & { code: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const now = deps.clock.now()
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const wrong = wrongCode('totp')
    const attempt = (await findHeld(trx, holding))?.attempt
    if (!attempt || !isOpen(attempt, now)) return wrong
    const isFirst = attempt.userId === null
    if (isFirst ? !deps.config.current().totp.allowFirstFactor : !completes(attempt.proofs, 'otp')) return wrong
    const user = isFirst ? await lockUserByEmail(trx, attempt.email ?? '') : await lockUser(trx, attempt.userId ?? '')
    // A parallel request, which this one waited for, may have signed in with the same code.
    if ((await findSigninAttempt(trx, attempt.id))?.completedAt != null) return wrong
    if (isFirst) {
      const { email } = attempt
      if (email === null || !(await isRightFirst(deps, trx, actor, { user, email, code }))) return wrong
    } else {
      const refusal = user ? await checkTotp(deps, trx, actor, { user, code }) : wrong
      if (refusal) return refusal
    }
    if (!user) return wrong
    const proven = { attempt, user, proof: 'otp', method: 'totp', replaces, device } as const
    return (await completeSignIn(deps, trx, actor, proven)) ?? wrong
  })
  return await presentSignIn(deps, outcome)
}

/**
 * Checks a code that is the only proof. Wrong ones count against the address alone, since anybody can enter them: they lock
 * no app. The statements and the comparison are the same for every address, so that the time does not tell who has an app.
 */
async function isRightFirst(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, email, code }: { user: User | undefined; email: string; code: string },
): Promise<boolean> {
  const now = deps.clock.now()
  const budget = { kind: 'totp_first', subject: email, limit: FIRST_WRONG_A_DAY, windowMs: DAY }
  if (!(await takeFailure(trx, budget, now))) return false
  const userId = user?.id ?? ''
  const app = await findTotpSecret(trx, userId)
  const secret = app?.secretSealed
  const count = await findFailureCount(trx, { kind: 'totp', subject: userId })
  const step = stepOf(deps, secret ? open(deps, userId, secret) : DECOY, code)
  const isUsable = app && !lockoutError(count, now)
  if (isUsable && step !== undefined && (await useTotpStep(trx, app, { step, keep: STEPS_KEPT }))) {
    await giveBackFailure(trx, budget)
    return true
  }
  const about = { outcome: 'failure', user: { id: user?.id ?? null, email } } as const
  const metadata = { method: 'totp', reason: 'invalid_code' }
  await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', ...about, metadata })
  return false
}

/** No code of it is ever right. */
const DECOY = 'A'.repeat(32)

/**
 * Checks a code within the limits on wrong codes. Each time step is spent once (RFC 6238 §5.2). The unit locks the
 * user.
 */
export async function checkTotp(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, code }: { user: User; code: string },
): Promise<AuthdError | undefined> {
  const app = await findTotpSecret(trx, user.id)
  const secret = app?.secretSealed
  if (!app || !secret) return wrongCode('totp')
  if (findShortCode(code) === undefined) return incompleteCode()
  const isRight = async () => {
    const step = stepOf(deps, open(deps, user.id, secret), code)
    return step !== undefined && (await useTotpStep(trx, app, { step, keep: STEPS_KEPT }))
  }
  return await tryFactor(deps, trx, actor, { user, factor: 'totp', isRight })
}

export interface TotpEnrolment {
  /** Base32, for typing. */
  secret: string
  /** For the QR code. */
  uri: string
  expiresAt: number
}

/**
 * Makes a secret, which only this session sees and confirms, with its first right code. It replaces one that waits, of
 * another session too. Until it is confirmed an older secret stays valid. Throws STEP_UP_REQUIRED.
 */
export async function beginTotp(deps: Deps, session: OwnedSession): Promise<TotpEnrolment> {
  const secret = new ScureBase32Plugin().encode(deps.random.bytes(SECRET_BYTES))
  const expiresAt = deps.clock.now() + PENDING_MS
  const pendingSealed = deps.keys.seal(totpContext(session.userId), secret)
  const user = await decide(deps, async (trx) => {
    const held = await holdToEnrol(deps, trx, session)
    if (held instanceof AuthdError) return held
    await putPendingTotp(trx, { userId: held.user.id, sessionId: session.id, pendingSealed, expiresAt })
    return held.user
  })
  return { secret, uri: uriOf(deps, user, secret), expiresAt }
}

/** The secret of this session that waits for its first right code, to be shown again. Throws STEP_UP_REQUIRED. */
export async function findPendingTotp(deps: Deps, session: OwnedSession): Promise<TotpEnrolment | undefined> {
  return await decide(deps, async (trx) => {
    const held = await holdToEnrol(deps, trx, session)
    if (held instanceof AuthdError) return held
    const pending = await findOwnPending(deps, trx, session)
    if (!pending) return undefined
    return { secret: pending.secret, uri: uriOf(deps, held.user, pending.secret), expiresAt: pending.expiresAt }
  })
}

/** What waits for its first right code, if this session began it. */
async function findOwnPending(deps: Deps, trx: Trx, { id, userId }: OwnedSession) {
  const app = await findTotpSecret(trx, userId)
  const expiresAt = app?.pendingExpiresAt ?? 0
  if (!app?.pendingSealed || app.pendingSessionId !== id) return undefined
  if (!isAhead(deps.clock.now(), expiresAt, PENDING_MS)) return undefined
  const { pendingSealed } = app
  return {
    pendingSealed,
    secret: open(deps, userId, pendingSealed),
    expiresAt,
    isReplacement: app.secretSealed !== null,
  }
}

function uriOf({ config }: Pick<Deps, 'config'>, { emailTyped }: Pick<User, 'emailTyped'>, secret: string): string {
  // A colon would separate issuer and account in the label.
  const issuer = config.current().app.name.replaceAll(':', ' ')
  return generateURI({ issuer, label: emailTyped, secret })
}

export interface EnrolledTotp {
  renewed: Renewed
  /** Shown once. Undefined if the user has codes already. */
  recoveryCodes: string[] | undefined
}

/** Makes the new secret valid with its first right code. Throws INVALID_CREDENTIALS, VALIDATION_ERROR, STEP_UP_REQUIRED. */
export async function finishTotp(
  deps: Deps,
  actor: Actor,
  { session, code }: { session: OwnedSession; code: string },
): Promise<EnrolledTotp> {
  const now = deps.clock.now()
  const { id: sessionId, userId } = session
  return await decide(deps, async (trx) => {
    const held = await holdToEnrol(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const wrong = wrongCode('totp')
    if (findShortCode(code) === undefined) return incompleteCode()
    const pending = await findOwnPending(deps, trx, session)
    const step = pending && stepOf(deps, pending.secret, code)
    if (!pending || step === undefined) return wrong
    const { pendingSealed, isReplacement } = pending
    if (!(await confirmTotp(trx, { userId, sessionId, pendingSealed, step, now }))) return wrong
    await clearFailures(trx, { kind: 'totp', subject: userId })
    if (isReplacement) await forgetProofs(trx, { userId, removed: ['totp'], keptId: sessionId })
    await recordEvent(deps, trx, actor, { type: 'totp.enrolled', user, sessionId })
    await notify(deps, trx, actor, { user, template: 'totp_enabled' })
    const recoveryCodes = await ensureRecoveryCodes(deps, trx, actor, user)
    if (recoveryCodes) await keepShownCodes(deps, trx, { session: held.session, codes: recoveryCodes })
    return { renewed: await renew(deps, trx, { session: held.session, proof: 'otp' }), recoveryCodes }
  })
}

/**
 * Removes the authenticator app. Throws LAST_FACTOR for the only factor of a user who must have one, NOT_FOUND,
 * STEP_UP_REQUIRED.
 */
export async function removeOwnTotp(deps: Deps, actor: Actor, session: OwnedSession): Promise<Renewed> {
  return await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const refusal = await lastFactorGuard(deps, trx, user, 'totp')
    if (refusal) return refusal
    if (!(await removeTotpIn(deps, trx, actor, user))) {
      return new AuthdError('NOT_FOUND', { message: 'No authenticator app is set up.' })
    }
    return await renew(deps, trx, { session: held.session })
  })
}

/** Runs inside the unit that locks the user. Returns false if there was no app. */
export async function removeTotpIn(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<boolean> {
  if (!(await deleteTotp(trx, user.id))) return false
  await clearFailures(trx, { kind: 'totp', subject: user.id })
  await forgetProofs(trx, { userId: user.id, removed: ['totp'] })
  await recordEvent(deps, trx, actor, { type: 'totp.removed', user })
  await notify(deps, trx, actor, { user, template: 'totp_removed' })
  await dropLoneRecoveryCodes(trx, user.id)
  return true
}

/** The time step of a right code: the current one, the one before or the next. Undefined for a wrong code. */
function stepOf(deps: Pick<Deps, 'clock'>, secret: string, typed: string): number | undefined {
  const token = findShortCode(typed)
  if (token === undefined) return undefined
  const result = verifySync({ secret, token, epoch: toSeconds(deps.clock.now()), epochTolerance: TOLERANCE_S })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}

function open(deps: Pick<Deps, 'keys'>, userId: string, sealed: string): string {
  return deps.keys.open(totpContext(userId), sealed)
}

/** Both secrets are sealed for one column, because an UPDATE moves the pending one there. */
export function totpContext(rowId: string) {
  return { table: 'totp_secrets', column: 'secret_sealed', rowId }
}
