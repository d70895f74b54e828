import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { redeemPageChallenge } from '../../flows/factors/page-challenge.ts'
import { redeemPasskey } from '../../flows/factors/passkey-proof.ts'
import { redeemRecoveryCode } from '../../flows/factors/recovery-code.ts'
import { redeemTotp } from '../../flows/factors/totp.ts'
import { findDueFactors } from '../../flows/signin/held-attempt.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { holdingOf, type RequestCookies } from '../request/cookies.ts'
import { redemption } from '../request/proof-context.ts'
import { allowedRedirect, fields, type PageAnswer, page, passkeyFields, redirectField, typedCode } from './page.ts'
import { orAgain } from './retry-form.ts'
import { leadBack, signedInPage } from './signed-in.ts'
import { COOKIES_BLOCKED, cookiesAreBlocked, signinPage } from './signin-page.ts'
import { type FailedProof, misses, proofError } from './ways.ts'

const attemptId = z.string().max(64)

const ask = page({
  method: 'GET',
  path: '/signin/factor',
  fields: fields({ attempt: attemptId.optional() }),
  async handle(deps, { fields: { attempt }, cookies, identity }) {
    const due = await factorPage(deps, cookies, attempt)
    return due ?? (await leadBack(deps, { cookies, identity }, attempt)) ?? { goTo: '/signin' }
  },
})

const prove = page({
  method: 'POST',
  path: '/signin/factor',
  limit: 'guess',
  fields: fields({ attempt: attemptId, method: z.enum(['totp', 'recovery_code']), code: typedCode, misses }),
  async handle(deps, { fields: form, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, undefined, form.attempt), code: form.code }
    const redeem = form.method === 'totp' ? redeemTotp : redeemRecoveryCode
    return await orAgain(
      async () => signedInPage(deps, await redeem(deps, actor, proof)),
      ['INVALID_CREDENTIALS', 'VALIDATION_ERROR', 'RATE_LIMITED', 'FACTOR_DISABLED'],
      async (error) => {
        const failed = { error, tried: form.method, misses: form.misses + 1 }
        const due = await factorPage(deps, cookies, form.attempt, failed)
        return due ?? (await leadBack(deps, { cookies, identity }, form.attempt)) ?? ended()
      },
    )
  },
})

/** Without an attempt, it answers the challenge of the sign-in page. */
const passkey = page({
  method: 'POST',
  path: '/signin/passkey',
  limit: 'guess',
  fields: fields({
    attempt: attemptId.optional(),
    redirect_to: redirectField,
    once: z.string().optional(),
    ...passkeyFields,
  }),
  async handle(deps, { fields: { attempt, ...form }, cookies, actor, identity, lang }) {
    const answer = { challengeId: form.challenge_id, credential: form.credential }
    const proof = { ...redemption({ cookies, identity }, undefined, attempt), ...answer }
    const begun = { ...allowedRedirect(deps, form.redirect_to), visit: cookies.visit, lang }
    return await orAgain(
      async () =>
        signedInPage(
          deps,
          attempt === undefined
            ? await redeemPageChallenge(deps, actor, { ...proof, ...begun })
            : await redeemPasskey(deps, actor, proof),
        ),
      ['INVALID_CREDENTIALS'],
      async (error) => {
        const failed = { error, tried: 'passkey' } as const
        const due = attempt === undefined ? undefined : await factorPage(deps, cookies, attempt, failed)
        // It does not say whether the passkey is unknown, so a browser cannot be told to forget it (signalUnknownCredential):
        // that would tell the real ids in the options from the imaginary ones.
        const reason = cookiesAreBlocked(form, cookies) ? COOKIES_BLOCKED : proofError(failed)
        const shown = { ...allowedRedirect(deps, form.redirect_to), error: reason }
        return due ?? signinPage(deps, cookies, shown, error.status)
      },
    )
  },
})

function ended(): never {
  throw new AuthdError('ATTEMPT_EXPIRED')
}

async function factorPage(
  deps: Deps,
  cookies: RequestCookies,
  attempt: string | undefined,
  failed?: FailedProof,
): Promise<PageAnswer | undefined> {
  const due = await findDueFactors(deps, holdingOf(cookies, undefined, attempt))
  if (!due) return undefined
  const { factors } = due
  return {
    page: 'factor',
    ...(failed && { status: failed.error.status }),
    values: {
      attempt: due.attempt.id,
      ...(due.attempt.email !== null && { emailMasked: maskEmail(due.attempt.email) }),
      hasPasskey: factors.includes('passkey'),
      hasTotp: factors.includes('totp'),
      hasRecovery: factors.includes('recovery_code'),
      isEmpty: factors.length === 0,
      ...(failed && { ...failed, error: proofError(failed) }),
    },
  }
}

export const factorPages = [ask, prove, passkey]
