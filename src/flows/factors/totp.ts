import { generateURI, ScureBase32Plugin, verifySync } from 'otplib'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, MINUTE, toSeconds } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures, giveBackFailure, takeFailure } from '../../store/failed-attempts.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { confirmTotp, deleteTotp, findTotpSecret, putPendingTotp, useTotpStep } from '../../store/totp-secrets.ts'
import { lockUser, lockUserByEmail, type User } from '../../store/users.ts'
import { type Actor, recordEvent } from '../event.ts'
import { notify } from '../outbox/notice.ts'
import { lastFactorGuard } from '../policy/last-factor.ts'
import { brake, FIRST_WRONG_A_DAY, type Refusal, refusalError } from '../policy/lockout.ts'
import { holdFresh } from '../sessions/fresh.ts'
import { type Renewed, renew } from '../sessions/renewal.ts'
import { findHeld, isOpen } from '../signin/attempt.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import type { Redemption } from '../signin/link.ts'
import { dropLoneRecoveryCodes, ensureRecoveryCodes, type MintedCodes, mintRecoveryCodes } from './recovery-code.ts'

/** 160 bits (RFC 4226 §4, R6). */
const SECRET_BYTES = 20
const STEP_S = 30
/** The current step and the one before it (RFC 6238 §5.2). */
const TOLERANCE: [number, number] = [STEP_S, 0]
const PENDING_MS = 10 * MINUTE

/**
 * Signs in with a code of the authenticator app, after a first proof. Where `totp.allow_first_factor` is on, also as
 * the only proof, for an address that the attempt knows; then every refusal is one answer.
 */
export async function redeemTotp(
  deps: Deps,
  actor: Actor,
  { code, holding, replaces, device }: Redemption & { code: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const now = deps.clock.now()
  const verdict = await deps.db.write(async (trx): Promise<SignInOutcome | Refusal | undefined> => {
    const attempt = (await findHeld(trx, holding))?.attempt
    if (!attempt || !isOpen(attempt, now)) return undefined
    const isFirst = attempt.userId === null
    if (isFirst && !deps.config.current().totp.allowFirstFactor) return undefined
    const budget = { kind: 'totp_first', subject: attempt.email ?? '', limit: FIRST_WRONG_A_DAY, windowMs: DAY }
    if (isFirst && (attempt.email === null || !(await takeFailure(trx, budget, now)))) return undefined
    const user = isFirst ? await lockUserByEmail(trx, attempt.email ?? '') : await lockUser(trx, attempt.userId ?? '')
    if (!user) return undefined
    const refusal = await checkTotp(deps, trx, actor, { user, code })
    if (refusal) return isFirst ? undefined : refusal
    if (isFirst) await giveBackFailure(trx, budget)
    return await completeSignIn(deps, trx, actor, { attempt, user, proof: 'otp', method: 'totp', replaces, device })
  })
  if (!verdict) throw new AuthdError('INVALID_CREDENTIALS')
  if (!('attempt' in verdict)) throw refusalError(verdict)
  return await presentSignIn(deps, verdict)
}

/** Compares a code, under the brake; a step is spent once, for all racers. The unit holds the person. */
export async function checkTotp(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, code }: { user: User; code: string },
): Promise<Refusal | undefined> {
  const secret = (await findTotpSecret(trx, user.id))?.secretSealed
  if (!secret) return { kind: 'wrong' }
  const isRight = async () => {
    const step = stepOf(deps, open(deps, user.id, secret), code)
    return step !== undefined && (await useTotpStep(trx, { userId: user.id, step }))
  }
  return await brake(deps, trx, actor, { user, factor: 'totp', isRight })
}

export interface TotpEnrolment {
  /** base32, for typing. */
  secret: string
  /** For the QR code. */
  uri: string
  expiresAt: number
}

/** A new secret, shown once, and in force only after a right code. One that is in force stays so until then. */
export async function beginTotp(deps: Deps, session: OwnedSession): Promise<TotpEnrolment> {
  const { app } = deps.config.current()
  const secret = new ScureBase32Plugin().encode(deps.random.bytes(SECRET_BYTES))
  const expiresAt = deps.clock.now() + PENDING_MS
  const pendingSealed = deps.keys.seal(sealContext(session.userId), secret)
  const user = await deps.db.write(async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held.kind === 'fresh') await putPendingTotp(trx, { userId: session.userId, pendingSealed, expiresAt })
    return held
  })
  if (user.kind !== 'fresh') throw user.error
  // A colon would end the issuer in the label.
  const issuer = app.name.replaceAll(':', ' ')
  return { secret, uri: generateURI({ issuer, label: session.user.emailTyped, secret }), expiresAt }
}

export interface EnrolledTotp {
  renewed: Renewed
  /** Shown once; undefined: the person has codes. */
  recoveryCodes: string[] | undefined
}

/** Puts the secret in force with its first right code. */
export async function finishTotp(
  deps: Deps,
  actor: Actor,
  { session, code }: { session: OwnedSession; code: string },
): Promise<EnrolledTotp> {
  const now = deps.clock.now()
  const { id: sessionId, userId } = session
  const codes: MintedCodes = await mintRecoveryCodes(deps)
  const verdict = await deps.db.write(async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held.kind !== 'fresh') return held
    const { user } = held
    const pending = await findTotpSecret(trx, userId)
    const sealed = pending?.pendingSealed
    const step = sealed ? stepOf(deps, open(deps, userId, sealed), code) : undefined
    if (!sealed || step === undefined) return undefined
    if (!(await confirmTotp(trx, { userId, pendingSealed: sealed, step, now }))) return undefined
    await clearFailures(trx, { kind: 'totp', subject: userId })
    await recordEvent(deps, trx, actor, { type: 'totp.enrolled', userId, email: user.email, sessionId })
    await notify(deps, trx, actor, { user, template: 'totp_enabled' })
    const isNew = await ensureRecoveryCodes(deps, trx, actor, { user, codes })
    const renewed = await renew(deps, trx, { session, proof: 'otp' })
    return { kind: 'done' as const, renewed, recoveryCodes: isNew ? codes.texts : undefined }
  })
  if (!verdict) throw new AuthdError('INVALID_CREDENTIALS')
  if (verdict.kind !== 'done') throw verdict.error
  return verdict
}

/** Takes the authenticator app away; the last factor of somebody who must have one stays. */
export async function removeOwnTotp(deps: Deps, actor: Actor, session: OwnedSession): Promise<Renewed> {
  const verdict = await deps.db.write(async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held.kind !== 'fresh') return held
    const guard = await lastFactorGuard(deps, trx, held.user, 'totp')
    if (guard) return { kind: 'refused' as const, error: guard }
    if (!(await removeTotpIn(deps, trx, actor, held.user))) {
      return {
        kind: 'refused' as const,
        error: new AuthdError('NOT_FOUND', { message: 'No authenticator app is set up.' }),
      }
    }
    return { kind: 'done' as const, renewed: await renew(deps, trx, { session }) }
  })
  if (verdict.kind !== 'done') throw verdict.error
  return verdict.renewed
}

/** Inside the unit that holds the person; false: there was none. */
export async function removeTotpIn(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<boolean> {
  if (!(await deleteTotp(trx, user.id))) return false
  await clearFailures(trx, { kind: 'totp', subject: user.id })
  await recordEvent(deps, trx, actor, { type: 'totp.removed', user })
  await notify(deps, trx, actor, { user, template: 'totp_removed' })
  await dropLoneRecoveryCodes(trx, user.id)
  return true
}

/** The time step of a right code, current or the one before; undefined: wrong. */
function stepOf(deps: Pick<Deps, 'clock'>, secret: string, typed: string): number | undefined {
  const token = typed.replace(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const result = verifySync({ secret, token, epoch: toSeconds(deps.clock.now()), epochTolerance: TOLERANCE })
  return result.valid && 'timeStep' in result ? result.timeStep : undefined
}

function open(deps: Pick<Deps, 'keys'>, userId: string, sealed: string): string {
  return deps.keys.open(sealContext(userId), sealed)
}

/** One column for both: the pending secret becomes the one in force by an UPDATE. */
function sealContext(rowId: string) {
  return { table: 'totp_secrets', column: 'secret_sealed', rowId }
}
