import { z } from 'zod'
import { signOut } from '../../flows/sessions/end-session.ts'
import { currentSessionResource, presentCurrentSession } from '../../resources/session.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const current = endpoint({
  name: 'getSession',
  method: 'GET',
  path: '/v1/session',
  summary: 'Return the signed-in user and session. Apps call this on each request.',
  tag: 'Sessions',
  guard: 'session',
  answers: { 200: { text: 'The live session, read from the database.', schema: currentSessionResource } },
  async handle(_deps, { session }) {
    return { status: 200, body: presentCurrentSession(session) }
  },
})

const logout = endpoint({
  name: 'signOut',
  method: 'POST',
  path: '/v1/logout',
  summary: 'End this session, all other sessions, or all sessions.',
  tag: 'Sessions',
  guard: 'any_session',
  query: z.strictObject({
    scope: z.enum(['current', 'others', 'all']).default('current').describe('Which sessions end.'),
  }),
  answers: { 204: { text: 'Signed out.' } },
  async handle(deps, { session, query, actor }) {
    await signOut(deps, actor, { session, scope: query.scope })
    return { status: 204, cookies: query.scope === 'others' ? [] : [{ kind: 'session_ended' }] }
  },
})

export const sessionEndpoints = [current, logout]
