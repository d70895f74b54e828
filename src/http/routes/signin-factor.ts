import { z } from 'zod'
import { beginPasskeySignIn, redeemPasskey } from '../../flows/factors/passkey-proof.ts'
import { redeemRecoveryCode } from '../../flows/factors/recovery-code.ts'
import { redeemTotp } from '../../flows/factors/totp.ts'
import { attemptToken, typedCode } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { signInAnswer, signInAnswers } from '../endpoint/session-answer.ts'
import { holdingOf } from '../request/cookies.ts'
import { holdsAttempt } from '../request/own-credential.ts'
import { redemption } from '../request/proof-context.ts'
import { challengeId, credential, passkeyOptionsAnswers, presentPasskeyOptions } from './passkey-options.ts'

const passkeyOptions = endpoint({
  name: 'beginPasskeySignIn',
  method: 'POST',
  path: '/v1/signin/passkey/options',
  summary: 'Create a challenge for a passkey: any passkey, or those of the address of the attempt.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'stranger',
  cookies: holdsAttempt,
  body: {
    type: 'json',
    schema: z.strictObject({
      attempt_token: attemptToken.optional(),
      attempt: z.string().max(64).optional().describe('The id of an attempt in the cookie.'),
    }),
  },
  answers: passkeyOptionsAnswers,
  errors: ['ATTEMPT_EXPIRED'],
  async handle(deps, { body, cookies }) {
    const holding = holdingOf(cookies, body.attempt_token, body.attempt)
    return { status: 200, body: presentPasskeyOptions(await beginPasskeySignIn(deps, { holding })) }
  },
})

const passkey = endpoint({
  name: 'redeemPasskey',
  method: 'POST',
  path: '/v1/signin/passkey',
  summary: 'Sign in with a passkey, alone or as a second factor.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  cookies: holdsAttempt,
  body: {
    type: 'json',
    schema: z.strictObject({ challenge_id: challengeId, credential, attempt_token: attemptToken.optional() }),
  },
  answers: signInAnswers,
  errors: ['INVALID_CREDENTIALS'],
  async handle(deps, { body, cookies, actor, identity }) {
    const answer = { challengeId: body.challenge_id, credential: body.credential }
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), ...answer }
    return signInAnswer(deps, await redeemPasskey(deps, actor, proof))
  },
})

const totp = endpoint({
  name: 'redeemTotp',
  method: 'POST',
  path: '/v1/signin/totp',
  summary: 'Sign in with a code from the authenticator app, as a second factor.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  cookies: holdsAttempt,
  body: {
    type: 'json',
    schema: z.strictObject({ code: typedCode, attempt_token: attemptToken.optional() }),
  },
  answers: signInAnswers,
  errors: ['INVALID_CREDENTIALS', 'FACTOR_DISABLED'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), code: body.code }
    return signInAnswer(deps, await redeemTotp(deps, actor, proof))
  },
})

const recoveryCode = endpoint({
  name: 'redeemRecoveryCode',
  method: 'POST',
  path: '/v1/signin/recovery-code',
  summary: 'Sign in with a recovery code, as a second factor.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  cookies: holdsAttempt,
  body: {
    type: 'json',
    schema: z.strictObject({ code: typedCode, attempt_token: attemptToken.optional() }),
  },
  answers: signInAnswers,
  errors: ['INVALID_CREDENTIALS', 'FACTOR_DISABLED'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), code: body.code }
    return signInAnswer(deps, await redeemRecoveryCode(deps, actor, proof))
  },
})

export const signinFactorEndpoints = [passkeyOptions, passkey, totp, recoveryCode]
