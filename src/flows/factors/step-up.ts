import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Trx } from '../../store/db.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { findBoundAttempt, type Proof } from '../../store/signin-attempts.ts'
import type { User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { completes, proofsIn, type StepUpMethod } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdSession, howToStepUp, stepUpError } from '../sessions/freshness.ts'
import { type Renewed, renew } from '../sessions/new-secret.ts'
import { sendBoundMail } from '../signin/bound-mail.ts'
import { spendCode } from '../signin/check-code.ts'
import { checkRecoveryCode, hashGuess } from './recovery-code.ts'
import { checkTotp } from './totp.ts'

/**
 * Mails a code to the session's user, if a mail may step this session up. Returns when another mail can be requested. Throws
 * STEP_UP_REQUIRED with the methods otherwise, RATE_LIMITED.
 */
export async function sendStepUpMail(
  deps: Deps,
  actor: Actor,
  { session, lang, device }: { session: OwnedSession; lang: string; device?: string | undefined },
): Promise<number> {
  return await sendBoundMail(deps, actor, {
    purpose: 'stepup',
    boundTo: session.id,
    lang,
    device,
    addressIn: async (trx) => {
      const held = await holdSession(deps, trx, session)
      if (held instanceof AuthdError) return held
      const { methods } = await howToStepUp(deps, trx, held.session)
      if (!methods.includes('email')) return stepUpError(methods)
      return { canonical: held.user.email, typed: held.user.emailTyped, userId: held.user.id }
    },
  })
}

export type StepUpProof =
  | { method: 'email'; code: string; device?: string | undefined }
  | { method: 'totp'; code: string }
  | { method: 'recovery_code'; code: string }

/**
 * Steps a session up with a fresh proof. The session keeps its id and gets another secret. Throws INVALID_CREDENTIALS,
 * RATE_LIMITED, FACTOR_DISABLED, UNAUTHORIZED, STEP_UP_REQUIRED.
 */
export async function stepUp(
  deps: Deps,
  actor: Actor,
  { session, proof }: { session: OwnedSession; proof: StepUpProof },
): Promise<Renewed> {
  const guess = proof.method === 'recovery_code' ? await hashGuess(deps, session.userId, proof.code) : ''
  return await finishStepUp(deps, actor, session, async (trx, { user, session: current, methods }) => {
    const before = proofsIn(current.amr)
    if (proof.method === 'totp') {
      if (!completes(before, 'otp')) return stepUpError(methods)
      return (await checkTotp(deps, trx, actor, { user, code: proof.code })) ?? 'otp'
    }
    if (proof.method === 'recovery_code') {
      if (!completes(before, 'recovery_code')) return stepUpError(methods)
      return (await checkRecoveryCode(deps, trx, actor, { user, guess })) ?? 'recovery_code'
    }
    if (!methods.includes('email')) return stepUpError(methods)
    const attempt = await findBoundAttempt(trx, { purpose: 'stepup', boundTo: session.id, now: deps.clock.now() })
    const wrong = new AuthdError('INVALID_CREDENTIALS')
    // A code that went to a former address proves nothing.
    if (attempt?.email !== user.email) return wrong
    const spent = await spendCode(deps, trx, actor, { attempt, code: proof.code, device: proof.device })
    return spent instanceof AuthdError ? spent : 'email'
  })
}

/** The end of every step-up: checks that this kind of proof counts for the user, and renews the session. */
export async function finishStepUp(
  deps: Deps,
  actor: Actor,
  shown: OwnedSession,
  prove: (
    trx: Trx,
    held: { user: User; session: OwnedSession; methods: StepUpMethod[] },
  ) => Promise<Proof | AuthdError>,
): Promise<Renewed> {
  return await decide(deps, async (trx) => {
    const held = await holdSession(deps, trx, shown)
    if (held instanceof AuthdError) return held
    const { user, session } = held
    const { methods } = await howToStepUp(deps, trx, session)
    const proof = await prove(trx, { user, session, methods })
    if (proof instanceof AuthdError) return proof
    const event = { type: 'session.stepped_up', user, sessionId: session.id, metadata: { proof } } as const
    await recordEvent(deps, trx, actor, event)
    return await renew(deps, trx, { session, proof })
  })
}
