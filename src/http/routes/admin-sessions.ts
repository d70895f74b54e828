import { z } from 'zod'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { listAllSessions, revokeByOperator } from '../../flows/sessions/session-admin.ts'
import { findUserWithFactors } from '../../flows/users/list.ts'
import { presentSession, sessionResource } from '../../resources/session.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { COUNTED_PART, cursorField, limitField, paginationHeaders } from './admin-pagination.ts'

const tag = 'Admin: sessions'
const read = { guard: { scope: 'sessions:read' }, tag } as const
const write = { guard: { scope: 'sessions:write' }, tag } as const

const list = endpoint({
  ...read,
  name: 'listUserSessions',
  method: 'GET',
  path: '/admin/users/:id/sessions',
  summary: "List a user's sessions, newest first, including ended ones.",
  query: z.strictObject({ limit: limitField, cursor: cursorField }),
  answers: { 200: { ...COUNTED_PART, schema: z.array(sessionResource) } },
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params, query: { limit, cursor: before } }) {
    const { user } = await findUserWithFactors(deps, params.id)
    const pagination = { limit, before, within: REQUEST_ROWS }
    const { rows, total, nextCursor } = await listAllSessions(deps, { user: user.id, isLiveOnly: false }, pagination)
    const headers = paginationHeaders({ total, nextCursor, kept: { limit } })
    return { status: 200, headers, body: rows.map(presentSession) }
  },
})

const end = endpoint({
  ...write,
  name: 'revokeSession',
  method: 'DELETE',
  path: '/admin/sessions/:id',
  summary: 'End a session. Ending it again changes nothing.',
  answers: { 204: { text: 'The session has ended.' } },
  errors: ['SESSION_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    await revokeByOperator(deps, actor, { ids: [params.id] })
    return { status: 204 }
  },
})

const endAll = endpoint({
  ...write,
  name: 'revokeUserSessions',
  method: 'DELETE',
  path: '/admin/users/:id/sessions',
  summary: 'End all sessions of a user.',
  answers: {
    200: {
      text: 'The number of sessions that were live.',
      schema: z
        .strictObject({ revoked: z.int().describe('The number of sessions that were live.') })
        .meta({ id: 'RevokedSessions', description: 'The number of sessions that were ended.' }),
    },
  },
  errors: ['USER_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    const { user } = await findUserWithFactors(deps, params.id)
    const ended = await revokeByOperator(deps, actor, { user: user.id })
    return { status: 200, body: { revoked: ended.length } }
  },
})

export const adminSessionEndpoints = [list, end, endAll]
