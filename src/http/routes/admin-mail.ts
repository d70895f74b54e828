import { z } from 'zod'
import { cancelMails, listQueue, retryQueued } from '../../flows/outbox.ts'
import { mailResource, presentMail } from '../../resources/mail.ts'
import { endpoint } from '../endpoint.ts'
import { CURSOR, LIMIT, pageHeaders, REFUSALS } from './admin-page.ts'

const tag = 'Admin: mail'

const list = endpoint({
  method: 'GET',
  path: '/admin/mail',
  summary: 'The mails of the last days, newest first; never what they say.',
  tag,
  guard: { scope: 'mail:read' },
  query: z.strictObject({ limit: LIMIT, cursor: CURSOR, state: mailResource.shape.state.optional() }),
  answers: { 200: { text: 'One page.', schema: z.array(mailResource) } },
  errors: REFUSALS,
  async handle(deps, { query: { limit, cursor: before, state } }) {
    const page = await listQueue(deps, { kind: 'mail', state, before }, limit)
    const headers = pageHeaders({ ...page, kept: { limit, ...(state && { state }) } })
    return { status: 200, headers, body: page.items.map(presentMail) }
  },
})

const retry = endpoint({
  method: 'POST',
  path: '/admin/mail/:id/retry',
  summary: 'Send a mail again now, if what it says still holds.',
  tag,
  guard: { scope: 'mail:write' },
  answers: { 202: { text: 'It is due now.', schema: mailResource } },
  errors: [...REFUSALS, 'MAIL_NOT_FOUND', 'OUTBOX_OVER'],
  async handle(deps, { params, origin }) {
    const [again] = await retryQueued(deps, origin, { kind: 'mail', ids: [params['id'] ?? ''] })
    return { status: 202, body: again && presentMail(again) }
  },
})

const cancel = endpoint({
  method: 'POST',
  path: '/admin/mail/:id/cancel',
  summary: 'Stop a mail that waits; one that is over stays as it is.',
  tag,
  guard: { scope: 'mail:write' },
  answers: { 200: { text: 'The mail.', schema: mailResource } },
  errors: [...REFUSALS, 'MAIL_NOT_FOUND'],
  async handle(deps, { params, origin }) {
    const [cancelled] = await cancelMails(deps, origin, [params['id'] ?? ''])
    return { status: 200, body: cancelled && presentMail(cancelled.item) }
  },
})

export const adminMailEndpoints = [list, retry, cancel]
