import { z } from 'zod'
import { cancelMails, listQueue, retryQueued } from '../../flows/outbox/queue-admin.ts'
import { clearSuppression, listSuppressed } from '../../flows/outbox/suppression.ts'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { emailField } from '../../resources/email.ts'
import { mailResource, outboxState, presentMail } from '../../resources/mail.ts'
import { mailSuppressionResource, presentMailSuppression } from '../../resources/mail-suppression.ts'
import { sample } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { COUNTED_PART, cursorField, limitField, paginationHeaders } from './admin-pagination.ts'

const tag = 'Admin: mail'
const read = { guard: { scope: 'mail:read' }, tag } as const
const write = { guard: { scope: 'mail:write' }, tag } as const

const list = endpoint({
  ...read,
  name: 'listMails',
  method: 'GET',
  path: '/admin/mail',
  summary: 'List recent mails, newest first, without their content.',
  query: z.strictObject({
    limit: limitField,
    cursor: cursorField,
    state: outboxState.optional().describe('Only mails in this state.'),
  }),
  answers: { 200: { ...COUNTED_PART, schema: z.array(mailResource) } },
  async handle(deps, { query: { limit, cursor: before, state } }) {
    const pagination = { limit, before, within: REQUEST_ROWS }
    const { rows, total, nextCursor } = await listQueue(deps, { kind: 'mail', state }, pagination)
    const headers = paginationHeaders({ total, nextCursor, kept: { limit, ...(state && { state }) } })
    return { status: 200, headers, body: rows.map(presentMail) }
  },
})

const retry = endpoint({
  ...write,
  name: 'retryMail',
  method: 'POST',
  path: '/admin/mail/:id/retry',
  summary: 'Retry a mail now, unless its content has expired.',
  answers: { 202: { text: 'Queued to be sent now.', schema: mailResource } },
  errors: ['MAIL_NOT_FOUND', 'OUTBOX_OVER'],
  async handle(deps, { params, actor }) {
    const [again] = await retryQueued(deps, actor, { kind: 'mail', ids: [params.id] })
    return { status: 202, body: again && presentMail(again) }
  },
})

const cancel = endpoint({
  ...write,
  name: 'cancelMail',
  method: 'POST',
  path: '/admin/mail/:id/cancel',
  summary: 'Cancel a mail that is waiting. A finished mail is not changed.',
  answers: { 200: { text: 'The mail.', schema: mailResource } },
  errors: ['MAIL_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    const [cancelled] = await cancelMails(deps, actor, [params.id])
    return { status: 200, body: cancelled && presentMail(cancelled.item) }
  },
})

const suppressed = endpoint({
  ...read,
  name: 'listMailSuppressions',
  method: 'GET',
  path: '/admin/suppressions',
  summary:
    'List suppressed addresses. The mail server permanently rejected each three times, so authd sends it no mail.',
  query: z.strictObject({ limit: limitField }),
  answers: { 200: { text: 'The first `limit` addresses.', schema: z.array(mailSuppressionResource) } },
  async handle(deps, { query: { limit } }) {
    return { status: 200, body: (await listSuppressed(deps, { limit })).rows.map(presentMailSuppression) }
  },
})

const clear = endpoint({
  ...write,
  name: 'clearMailSuppression',
  method: 'POST',
  path: '/admin/suppressions/clear',
  summary: 'Allow mail to a suppressed address again. The address is in the body, so that proxies do not log it.',
  body: { type: 'json', schema: z.strictObject({ email: emailField.describe('The suppressed address.') }) },
  answers: {
    200: {
      text: 'The address can get mail.',
      schema: z
        .strictObject({
          email: sample('ada@example.com').describe('The address.'),
          changed: z.boolean().describe('It was suppressed before.'),
        })
        .meta({ id: 'ClearedSuppression', description: 'An address that can get mail again.' }),
    },
  },
  async handle(deps, { body, actor }) {
    const { address, isChanged } = await clearSuppression(deps, actor, body.email.typed)
    return { status: 200, body: { email: address, changed: isChanged } }
  },
})

export const adminMailEndpoints = [list, retry, cancel, suppressed, clear]
