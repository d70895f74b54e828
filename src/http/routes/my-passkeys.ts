import { z } from 'zod'
import { listOwnPasskeys, removeOwnPasskey, renameOwnPasskey } from '../../flows/factors/own-passkeys.ts'
import { beginPasskeyEnrolment, enrolPasskey } from '../../flows/factors/passkey-enrolment.ts'
import { passkeyResource, presentPasskey } from '../../resources/passkey.ts'
import { typedText } from '../../resources/text-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { answerRenewed, REPLACED, sessionAnswerResource } from '../endpoint/session-answer.ts'
import { challengeId, credential, passkeyOptionsAnswers, presentPasskeyOptions } from './passkey-options.ts'

const passkeyName = typedText('passkey_name')
  .meta({ examples: ['YubiKey 5C'] })
  .describe('A name for the passkey. Defaults to one for the authenticator.')

const addedPasskeyResource = sessionAnswerResource
  .extend({ passkey: passkeyResource.describe('The new passkey.') })
  .meta({ id: 'AddedPasskey', description: 'The new passkey, and the session with its new secret.' })

const passkeys = endpoint({
  name: 'listMyPasskeys',
  method: 'GET',
  path: '/v1/me/passkeys',
  summary: "List the signed-in user's passkeys, oldest first.",
  tag: 'Me',
  guard: 'enrol',
  answers: { 200: { text: 'All passkeys.', schema: z.array(passkeyResource) } },
  async handle(deps, { session }) {
    return { status: 200, body: (await listOwnPasskeys(deps, session.userId)).map(presentPasskey) }
  },
})

const passkeyOptions = endpoint({
  name: 'beginPasskeyEnrolment',
  method: 'POST',
  path: '/v1/me/passkeys/options',
  summary: 'Create a challenge for a new passkey.',
  tag: 'Me',
  guard: 'enrol',
  answers: passkeyOptionsAnswers,
  errors: ['CONFLICT'],
  async handle(deps, { session }) {
    return { status: 200, body: presentPasskeyOptions(await beginPasskeyEnrolment(deps, session)) }
  },
})

const addPasskey = endpoint({
  name: 'addMyPasskey',
  method: 'POST',
  path: '/v1/me/passkeys',
  summary: 'Add the new passkey.',
  tag: 'Me',
  guard: 'enrol',
  body: {
    type: 'json',
    schema: z.strictObject({ challenge_id: challengeId, credential, name: passkeyName.optional() }),
  },
  answers: { 201: { text: `Added. ${REPLACED}`, schema: addedPasskeyResource } },
  errors: ['PASSKEY_NOT_ACCEPTED', 'CONFLICT'],
  async handle(deps, { session, actor, body }) {
    const made = { session, challengeId: body.challenge_id, credential: body.credential, name: body.name }
    const { passkey, renewed } = await enrolPasskey(deps, actor, made)
    const delivered = await answerRenewed(deps, renewed)
    return { status: 201, ...delivered, body: { ...delivered.body, passkey: presentPasskey(passkey) } }
  },
})

const renamePasskey = endpoint({
  name: 'renameMyPasskey',
  method: 'PATCH',
  path: '/v1/me/passkeys/:id',
  summary: 'Rename a passkey.',
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
  name: 'removeMyPasskey',
  method: 'DELETE',
  path: '/v1/me/passkeys/:id',
  summary: 'Remove a passkey.',
  tag: 'Me',
  guard: 'change',
  answers: { 200: { text: `Removed. ${REPLACED}`, schema: sessionAnswerResource } },
  errors: ['PASSKEY_NOT_FOUND', 'LAST_FACTOR'],
  async handle(deps, { session, params, actor }) {
    const renewed = await removeOwnPasskey(deps, actor, { session, id: params.id })
    return { status: 200, ...(await answerRenewed(deps, renewed)) }
  },
})

export const myPasskeyEndpoints = [passkeys, passkeyOptions, addPasskey, renamePasskey, removePasskey]
