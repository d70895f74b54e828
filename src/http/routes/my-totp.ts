import { z } from 'zod'
import { remakeRecoveryCodes } from '../../flows/factors/recovery-code.ts'
import { beginTotp, finishTotp, removeOwnTotp } from '../../flows/factors/totp.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { qrSvg } from '../../platform/qr.ts'
import { sample, timeField, typedCode } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { answerRenewed, REPLACED, sessionAnswerResource } from '../endpoint/session-answer.ts'

const recoveryCodesShown = z.array(sample('7K2M-9QXC-01ZT-4HNB-8E6W-PT3A')).describe('Shown only once.')

const startTotp = endpoint({
  name: 'beginTotpEnrolment',
  method: 'POST',
  path: '/v1/me/totp',
  summary:
    'Create a secret for an authenticator app. It is shown once and takes effect after its first code is confirmed.',
  tag: 'Me',
  guard: 'enrol',
  answers: {
    200: {
      text: 'The secret as text, as a URI and as a QR code (SVG).',
      schema: z
        .strictObject({
          secret: sample('JBSWY3DPEHPK3PXP').describe('The secret in base32, to be typed.'),
          uri: sample('otpauth://totp/Example:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Example').describe(
            'The secret as an `otpauth:` URI.',
          ),
          qr: sample('<svg xmlns="http://www.w3.org/2000/svg">…</svg>').describe('The URI as a QR code (SVG).'),
          expires_at: timeField.describe('When it can no longer be confirmed.'),
        })
        .meta({ id: 'TotpSecret', description: 'A secret for an authenticator app.' }),
    },
  },
  async handle(deps, { session }) {
    const { secret, uri, expiresAt } = await beginTotp(deps, session)
    return { status: 200, body: { secret, uri, qr: qrSvg(uri), expires_at: toRfc3339(expiresAt) } }
  },
})

const confirmTotp = endpoint({
  name: 'confirmTotpEnrolment',
  method: 'POST',
  path: '/v1/me/totp/confirm',
  summary: 'Confirm the authenticator app with its first code.',
  tag: 'Me',
  guard: 'enrol',
  body: { type: 'json', schema: z.strictObject({ code: typedCode }) },
  answers: {
    200: {
      text: `Confirmed. \`recovery_codes\` are shown once, and only if the user had none. ${REPLACED}`,
      schema: sessionAnswerResource
        .extend({ recovery_codes: recoveryCodesShown.optional() })
        .meta({ id: 'ConfirmedTotp', description: 'The session with its new secret, and recovery codes.' }),
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
  name: 'removeMyTotp',
  method: 'DELETE',
  path: '/v1/me/totp',
  summary: 'Remove the authenticator app.',
  tag: 'Me',
  guard: 'change',
  answers: { 200: { text: `Removed. ${REPLACED}`, schema: sessionAnswerResource } },
  errors: ['NOT_FOUND', 'LAST_FACTOR'],
  async handle(deps, { session, actor }) {
    return { status: 200, ...(await answerRenewed(deps, await removeOwnTotp(deps, actor, session))) }
  },
})

const recoveryCodes = endpoint({
  name: 'createRecoveryCodes',
  method: 'POST',
  path: '/v1/me/recovery-codes',
  summary: 'Create ten new recovery codes. Earlier codes stop working.',
  tag: 'Me',
  guard: 'change',
  answers: {
    200: {
      text: `The codes, shown once. ${REPLACED}`,
      schema: sessionAnswerResource
        .extend({ codes: recoveryCodesShown })
        .meta({ id: 'RecoveryCodes', description: 'The recovery codes, and the session with its new secret.' }),
    },
  },
  errors: ['CONFLICT'],
  async handle(deps, { session, actor }) {
    const { renewed, codes } = await remakeRecoveryCodes(deps, actor, session)
    const delivered = await answerRenewed(deps, renewed)
    return { status: 200, ...delivered, body: { ...delivered.body, codes } }
  },
})

export const myTotpEndpoints = [startTotp, confirmTotp, removeTotp, recoveryCodes]
