import { z } from 'zod'
import { cancelMails, listQueue, retryQueued } from '../../flows/outbox.ts'
import { REQUEST_ROWS } from '../../flows/page.ts'
import { mailResource, presentMail } from '../../resources/mail.ts'
import { endpoint } from '../endpoint.ts'
import { CURSOR, LIMIT, PAGE_TEXT, pageHeaders, REFUSALS, TOTAL_TEXT } from './admin-page.ts'

const tag = 'Admin: mail'

const list = endpoint({
  method: 'GET',
  path: '/admin/mail',
  summary: 'The mails of the last days, newest first; never what they say.',
  tag,
  guard: { scope: 'mail:read' },
  query: z.strictObject({ limit: LIMIT, cursor: CURSOR, state: mailResource.shape.state.optional() }),
  answers: { 200: { text: `${PAGE_TEXT} ${TOTAL_TEXT}`, schema: z.array(mailResource) } },
  errors: REFUSALS,
  async handle(deps, { query: { limit, cursor: before, state } }) {
    const asked = { limit, before, within: REQUEST_ROWS }
    const { rows, total, nextCursor } = await listQueue(deps, { kind: 'mail', state }, asked)
    const headers = pageHeaders({ total, nextCursor, kept: { limit, ...(state && { state }) } })
    return { status: 200, headers, body: rows.map(presentMail) }
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
