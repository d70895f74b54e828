import { z } from 'zod'
import { deleteMyself, findOwnUser, renameMyself } from '../../flows/users/account.ts'
import { beginEmailChange, finishEmailChange } from '../../flows/users/email-change.ts'
import { exportUser } from '../../flows/users/export.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { emailField } from '../../resources/email.ts'
import { personalDataResource, presentPersonalData } from '../../resources/personal-data.ts'
import { mailQueuedResource, typedCode } from '../../resources/shared-fields.ts'
import { typedText } from '../../resources/text-fields.ts'
import { ownUserResource, presentOwnUser } from '../../resources/user.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { answerRenewed, sessionAnswerResource } from '../endpoint/session-answer.ts'

const me = endpoint({
  name: 'getMe',
  method: 'GET',
  path: '/v1/me',
  summary: 'Return the signed-in user.',
  tag: 'Me',
  guard: 'session',
  answers: { 200: { text: 'The user.', schema: ownUserResource } },
  async handle(deps, { session }) {
    return { status: 200, body: presentOwnUser(await findOwnUser(deps, session.userId)) }
  },
})

const rename = endpoint({
  name: 'updateMe',
  method: 'PATCH',
  path: '/v1/me',
  summary: "Change the signed-in user's name. `null` removes it.",
  tag: 'Me',
  guard: 'change',
  body: {
    type: 'json',
    schema: z.strictObject({
      name: typedText('user_name')
        .nullable()
        .meta({ examples: ['Ada Lovelace'] })
        .describe('The new name. `null` removes it.'),
    }),
  },
  answers: { 200: { text: 'The user.', schema: ownUserResource } },
  async handle(deps, { session, body, actor }) {
    return {
      status: 200,
      body: presentOwnUser(await renameMyself(deps, actor, { userId: session.userId, name: body.name })),
    }
  },
})

const remove = endpoint({
  name: 'deleteMe',
  method: 'DELETE',
  path: '/v1/me',
  summary: 'Delete the signed-in user and all their data. This cannot be undone.',
  tag: 'Me',
  guard: 'change',
  answers: { 204: { text: 'Deleted.' } },
  async handle(deps, { session, actor }) {
    await deleteMyself(deps, actor, session)
    return { status: 204, cookies: [{ kind: 'session_ended' }] }
  },
})

const exportMine = endpoint({
  name: 'exportMe',
  method: 'GET',
  path: '/v1/me/export',
  summary: "Export the signed-in user's data.",
  tag: 'Me',
  guard: 'session',
  limit: 'own',
  answers: { 200: { text: 'All data except secrets.', schema: personalDataResource } },
  async handle(deps, { session, actor }) {
    const data = await exportUser(deps, actor, { id: session.userId })
    return { status: 200, body: presentPersonalData(data) }
  },
})

const changeEmail = endpoint({
  name: 'beginEmailChange',
  method: 'POST',
  path: '/v1/me/email',
  limit: 'stranger',
  summary: 'Begin a change of address: mail a code to the new address.',
  tag: 'Me',
  guard: 'change',
  body: { type: 'json', schema: z.strictObject({ email: emailField.describe('The new address.') }) },
  answers: {
    202: {
      text: 'The mail is queued. The answer is the same if another user has the address.',
      schema: mailQueuedResource,
    },
  },
  errors: ['CONFLICT', 'FORBIDDEN'],
  async handle(deps, { session, body, actor, cookies, languageOf }) {
    const asking = { lang: languageOf(), device: cookies.device }
    const resendAfter = await beginEmailChange(deps, actor, { session, address: body.email, ...asking })
    return { status: 202, body: { delivery: 'queued', resend_after: toRfc3339(resendAfter) } }
  },
})

const confirmEmail = endpoint({
  name: 'confirmEmailChange',
  method: 'POST',
  path: '/v1/me/email/confirm',
  limit: 'guess',
  summary: 'Finish a change of address with the mailed code.',
  tag: 'Me',
  guard: 'change',
  body: { type: 'json', schema: z.strictObject({ code: typedCode }) },
  answers: {
    200: {
      text: 'Changed. For 7 days the former address can undo it, if it was verified.',
      schema: sessionAnswerResource,
    },
  },
  errors: ['INVALID_CREDENTIALS'],
  async handle(deps, { session, body, actor, cookies }) {
    const renewed = await finishEmailChange(deps, actor, { session, code: body.code, device: cookies.device })
    return { status: 200, ...(await answerRenewed(deps, renewed)) }
  },
})

export const meEndpoints = [me, rename, remove, exportMine, changeEmail, confirmEmail]
