import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { stepUpWithPasskey } from '../../flows/factors/passkey-proof.ts'
import { sendStepUpMail, stepUp } from '../../flows/factors/step-up.ts'
import type { Renewed } from '../../flows/sessions/new-secret.ts'
import { checkFresh } from '../../flows/users/account.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { sessionCookies } from '../endpoint/session-answer.ts'
import { accountPage } from './account-page.ts'
import { fields, type PageAnswer, passkeyFields, typedCode } from './page.ts'
import { orAgain } from './retry-form.ts'
import { type FailedProof, misses, proofError } from './ways.ts'

/** The account page to continue to. Nothing else may reach the `Location` header. */
const next = z
  .string()
  .regex(/^\/account(\/[a-z0-9_-]+)*$/)
  .catch('/account')
const MENDABLE = ['INVALID_CREDENTIALS', 'RATE_LIMITED', 'FACTOR_DISABLED', 'VALIDATION_ERROR']

const ask = accountPage({
  method: 'GET',
  path: '/account/confirm',
  fields: fields({ next }),
  back: '/account',
  guard: 'step_up',
  async handle(deps, { session, fields: query }) {
    return await confirmPage(deps, { session, next: query.next, isMailed: false })
  },
})

const mail = accountPage({
  method: 'POST',
  path: '/account/confirm/mail',
  limit: 'stranger',
  fields: fields({ next }),
  back: '/account',
  guard: 'step_up',
  async handle(deps, { session, fields: form, actor, cookies, lang }) {
    const shown = { session, next: form.next, isMailed: true }
    return await orAgain(
      async () => {
        await sendStepUpMail(deps, actor, { session, lang, device: cookies.device })
        return await confirmPage(deps, shown)
      },
      ['RATE_LIMITED'],
      (error) => confirmPage(deps, { ...shown, failed: { error, tried: 'mail' } }),
    )
  },
})

const prove = accountPage({
  method: 'POST',
  path: '/account/confirm',
  limit: 'guess',
  fields: fields({ next, method: z.enum(['email', 'totp', 'recovery_code']), code: typedCode, misses }),
  back: '/account',
  guard: 'step_up',
  async handle(deps, { session, fields: form, actor, cookies }) {
    const proof = { method: form.method, code: form.code, device: cookies.device }
    return await orAgain(
      async () => goOn(await stepUp(deps, actor, { session, proof }), form.next),
      MENDABLE,
      (error) =>
        confirmPage(deps, {
          ...{ session, next: form.next, isMailed: form.method === 'email' },
          failed: { error, tried: form.method, misses: form.misses + 1 },
        }),
    )
  },
})

const passkey = accountPage({
  method: 'POST',
  path: '/account/confirm/passkey',
  limit: 'guess',
  fields: fields({ next, ...passkeyFields }),
  back: '/account',
  guard: 'step_up',
  async handle(deps, { session, fields: form, actor }) {
    const proof = { session, challengeId: form.challenge_id, credential: form.credential }
    return await orAgain(
      async () => goOn(await stepUpWithPasskey(deps, actor, proof), form.next),
      MENDABLE,
      (error) => confirmPage(deps, { session, next: form.next, isMailed: false, failed: { error, tried: 'passkey' } }),
    )
  },
})

function goOn(renewed: Renewed, to: string): PageAnswer {
  return { goTo: to === '/account' ? '/account?done=confirmed' : to, cookies: sessionCookies(renewed) }
}

async function confirmPage(
  deps: Deps,
  {
    session,
    next: to,
    isMailed,
    failed,
  }: { session: OwnedSession; next: string; isMailed: boolean; failed?: FailedProof },
): Promise<PageAnswer> {
  const { methods } = await checkFresh(deps, session)
  return {
    page: 'confirm',
    ...(failed && { status: failed.error.status }),
    values: {
      email: session.user.emailTyped,
      next: to,
      hasPasskey: methods.includes('passkey'),
      hasTotp: methods.includes('totp'),
      hasRecovery: methods.includes('recovery_code'),
      hasEmail: methods.includes('email'),
      isMailed,
      isEmpty: methods.length === 0,
      ...(failed && { ...failed, error: proofError(failed) }),
    },
  }
}

export const confirmPages = [ask, mail, prove, passkey]
