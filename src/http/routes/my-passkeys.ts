import { z } from 'zod'
import {
  beginPasskeyEnrolment,
  enrolPasskey,
  listOwnPasskeys,
  removeOwnPasskey,
  renameOwnPasskey,
} from '../../flows/factors/passkey-enrolment.ts'
import { remakeRecoveryCodes } from '../../flows/factors/recovery-code.ts'
import { beginTotp, finishTotp, removeOwnTotp } from '../../flows/factors/totp.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { qrSvg } from '../../platform/qr.ts'
import { sample, timeField, typedCode } from '../../resources/field.ts'
import { passkeyResource, presentPasskey } from '../../resources/passkey.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { answerRenewed, sessionAnswerResource } from '../endpoint/session-answer.ts'
import { challengeId, credential, optionsAnswers, presentOptions } from './signin-factor.ts'

const REPLACED = 'The session keeps its id, and what was delivered before is replaced.'
const passkeyName = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .meta({ examples: ['YubiKey 5C'] })
const recoveryCodesShown = z.array(sample('7h2k-93xw-q4tn'))

const passkeys = endpoint({
  method: 'GET',
  path: '/v1/me/passkeys',
  summary: 'Your passkeys, oldest first.',
  tag: 'Me',
  guard: 'any_session',
  answers: { 200: { text: 'All of them.', schema: z.array(passkeyResource) } },
  async handle(deps, { session }) {
    return { status: 200, body: (await listOwnPasskeys(deps, session.userId)).map(presentPasskey) }
  },
})

const passkeyOptions = endpoint({
  method: 'POST',
  path: '/v1/me/passkeys/options',
  summary: 'A challenge to make a passkey with.',
  tag: 'Me',
  guard: 'enrol',
  answers: optionsAnswers,
  errors: ['CONFLICT'],
  async handle(deps, { session }) {
    return { status: 200, body: presentOptions(await beginPasskeyEnrolment(deps, session)) }
  },
})

const addPasskey = endpoint({
  method: 'POST',
  path: '/v1/me/passkeys',
  summary: 'Add the passkey that was made.',
  tag: 'Me',
  guard: 'enrol',
  body: {
    type: 'json',
    schema: z.strictObject({ challenge_id: challengeId, credential, name: passkeyName.optional() }),
  },
  answers: { 201: { text: `Added. ${REPLACED}`, schema: sessionAnswerResource.extend({ passkey: passkeyResource }) } },
  errors: ['PASSKEY_NOT_ACCEPTED', 'CONFLICT'],
  async handle(deps, { session, actor, body }) {
    const made = { session, challengeId: body.challenge_id, credential: body.credential, name: body.name }
    const { passkey, renewed } = await enrolPasskey(deps, actor, made)
    const delivered = await answerRenewed(deps, renewed)
    return { status: 201, ...delivered, body: { ...delivered.body, passkey: presentPasskey(passkey) } }
  },
})

const renamePasskey = endpoint({
  method: 'PATCH',
  path: '/v1/me/passkeys/:id',
  summary: 'Give a passkey another name.',
  tag: 'Me',
  guard: 'change',
  body: { type: 'json', schema: z.strictObject({ name: passkeyName }) },
  answers: { 200: { text: 'The passkey.', schema: passkeyResource } },
  errors: ['PASSKEY_NOT_FOUND'],
  async handle(deps, { session, params, body, actor }) {
    const renamed = { userId: session.userId, id: params.id, name: body.name }
    return { status: 200, body: presentPasskey(await renameOwnPasskey(deps, actor, renamed)) }
  },
})

const removePasskey = endpoint({
  method: 'DELETE',
  path: '/v1/me/passkeys/:id',
  summary: 'Take a passkey away.',
  tag: 'Me',
  guard: 'change',
  answers: { 200: { text: `Removed. ${REPLACED}`, schema: sessionAnswerResource } },
  errors: ['PASSKEY_NOT_FOUND', 'LAST_FACTOR'],
  async handle(deps, { session, params, actor }) {
    const renewed = await removeOwnPasskey(deps, actor, { session, id: params.id })
    return { status: 200, ...(await answerRenewed(deps, renewed)) }
  },
})

const startTotp = endpoint({
  method: 'POST',
  path: '/v1/me/totp',
  summary: 'A secret for an authenticator app, shown once; it is in force after a right code.',
  tag: 'Me',
  guard: 'enrol',
  answers: {
    200: {
      text: 'For the app: as text, as URI, and as a QR code (SVG).',
      schema: z.strictObject({
        secret: sample('JBSWY3DPEHPK3PXP'),
        uri: sample('otpauth://totp/Example:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example'),
        qr: sample('<svg xmlns="http://www.w3.org/2000/svg">…</svg>'),
        expires_at: timeField,
      }),
    },
  },
  async handle(deps, { session }) {
    const { secret, uri, expiresAt } = await beginTotp(deps, session)
    return { status: 200, body: { secret, uri, qr: qrSvg(uri), expires_at: toRfc3339(expiresAt) } }
  },
})

const confirmTotp = endpoint({
  method: 'POST',
  path: '/v1/me/totp/confirm',
  summary: 'Put the authenticator app in force with its first code.',
  tag: 'Me',
  guard: 'enrol',
  body: { type: 'json', schema: z.strictObject({ code: typedCode }) },
  answers: {
    200: {
      text: `In force. \`recovery_codes\` are shown once, and only to somebody who had none. ${REPLACED}`,
      schema: sessionAnswerResource.extend({ recovery_codes: recoveryCodesShown.optional() }),
    },
  },
  errors: ['INVALID_CREDENTIALS'],
  async handle(deps, { session, body, actor }) {
    const { renewed, recoveryCodes } = await finishTotp(deps, actor, { session, code: body.code })
    const delivered = await answerRenewed(deps, renewed)
    const codes = recoveryCodes === undefined ? {} : { recovery_codes: recoveryCodes }
    return { status: 200, ...delivered, body: { ...delivered.body, ...codes } }
  },
})

const removeTotp = endpoint({
  method: 'DELETE',
  path: '/v1/me/totp',
  summary: 'Take the authenticator app away.',
  tag: 'Me',
  guard: 'change',
  answers: { 200: { text: `Removed. ${REPLACED}`, schema: sessionAnswerResource } },
  errors: ['NOT_FOUND', 'LAST_FACTOR'],
  async handle(deps, { session, actor }) {
    return { status: 200, ...(await answerRenewed(deps, await removeOwnTotp(deps, actor, session))) }
  },
})

const recoveryCodes = endpoint({
  method: 'POST',
  path: '/v1/me/recovery-codes',
  summary: 'Make ten new recovery codes; older ones end.',
  tag: 'Me',
  guard: 'change',
  answers: {
    200: { text: `Shown once. ${REPLACED}`, schema: sessionAnswerResource.extend({ codes: recoveryCodesShown }) },
  },
  errors: ['CONFLICT'],
  async handle(deps, { session, actor }) {
    const { renewed, codes } = await remakeRecoveryCodes(deps, actor, session)
    const delivered = await answerRenewed(deps, renewed)
    return { status: 200, ...delivered, body: { ...delivered.body, codes } }
  },
})

export const myFactorEndpoints = [
  passkeys,
  passkeyOptions,
  addPasskey,
  renamePasskey,
  removePasskey,
  startTotp,
  confirmTotp,
  removeTotp,
  recoveryCodes,
]
