import { z } from 'zod'
import { beginPasskeyStepUp, stepUpWithPasskey } from '../../flows/factors/passkey-proof.ts'
import { type StepUpProof, sendStepUpMail, stepUp } from '../../flows/factors/step-up.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { mailQueuedResource, typedCode } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { answerRenewed, REPLACED, sessionAnswerResource } from '../endpoint/session-answer.ts'
import { challengeId, credential, passkeyOptionsAnswers, presentPasskeyOptions } from './passkey-options.ts'

const answers = {
  200: {
    text: `Confirmed: \`auth_time\` is now. ${REPLACED}`,
    schema: sessionAnswerResource,
  },
}

const email = endpoint({
  name: 'sendStepUpMail',
  method: 'POST',
  path: '/v1/stepup/email',
  limit: 'stranger',
  summary: 'Mail a code to confirm with. Only for users without a second factor.',
  tag: 'Step-up',
  guard: 'step_up',
  answers: {
    202: {
      text: 'The mail is queued.',
      schema: mailQueuedResource,
    },
  },
  errors: ['STEP_UP_REQUIRED'],
  async handle(deps, { session, actor, cookies, languageOf }) {
    const lang = languageOf()
    const resendAfter = await sendStepUpMail(deps, actor, { session, lang, device: cookies.device })
    return { status: 202, body: { delivery: 'queued', resend_after: toRfc3339(resendAfter) } }
  },
})

const code = byCode('email', {
  name: 'stepUpWithCode',
  path: '/v1/stepup/code',
  summary: 'Confirm with the code from a mail.',
})
const totp = byCode('totp', {
  name: 'stepUpWithTotp',
  path: '/v1/stepup/totp',
  summary: 'Confirm with a code from the authenticator app.',
})
const recoveryCode = byCode('recovery_code', {
  name: 'stepUpWithRecoveryCode',
  path: '/v1/stepup/recovery-code',
  summary: 'Confirm with a recovery code.',
})

function byCode(method: StepUpProof['method'], told: { name: string; path: string; summary: string }) {
  return endpoint({
    ...told,
    method: 'POST',
    limit: 'guess',
    tag: 'Step-up',
    guard: 'step_up',
    body: { type: 'json', schema: z.strictObject({ code: typedCode }) },
    answers,
    errors: ['INVALID_CREDENTIALS', 'FACTOR_DISABLED', 'STEP_UP_REQUIRED'],
    async handle(deps, { session, actor, body, cookies }) {
      const proof = { method, code: body.code, device: cookies.device }
      return { status: 200, ...(await answerRenewed(deps, await stepUp(deps, actor, { session, proof }))) }
    },
  })
}

const passkeyOptions = endpoint({
  name: 'beginPasskeyStepUp',
  method: 'POST',
  path: '/v1/stepup/passkey/options',
  limit: 'stranger',
  summary: "Create a challenge for one of the signed-in user's passkeys.",
  tag: 'Step-up',
  guard: 'step_up',
  answers: passkeyOptionsAnswers,
  async handle(deps, { session }) {
    return { status: 200, body: presentPasskeyOptions(await beginPasskeyStepUp(deps, session)) }
  },
})

const passkey = endpoint({
  name: 'stepUpWithPasskey',
  method: 'POST',
  path: '/v1/stepup/passkey',
  limit: 'guess',
  summary: 'Confirm with a passkey.',
  tag: 'Step-up',
  guard: 'step_up',
  body: { type: 'json', schema: z.strictObject({ challenge_id: challengeId, credential }) },
  answers,
  errors: ['INVALID_CREDENTIALS'],
  async handle(deps, { session, actor, body }) {
    const proof = { session, challengeId: body.challenge_id, credential: body.credential }
    return { status: 200, ...(await answerRenewed(deps, await stepUpWithPasskey(deps, actor, proof))) }
  },
})

export const stepupEndpoints = [email, code, totp, recoveryCode, passkeyOptions, passkey]
