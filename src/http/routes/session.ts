import { z } from 'zod'
import { endOwnSession, listOwnSessions, signOut } from '../../flows/sessions/session.ts'
import {
  currentSessionResource,
  ownSessionResource,
  presentCurrentSession,
  presentOwnSession,
} from '../../resources/session.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const current = endpoint({
  method: 'GET',
  path: '/v1/session',
  summary: 'Who is signed in: the call an app makes on each request.',
  tag: 'Sessions',
  guard: 'session',
  answers: { 200: { text: 'A live session, as the database knows it now.', schema: currentSessionResource } },
  async handle(_deps, { session }) {
    return { status: 200, body: presentCurrentSession(session) }
  },
})

const logout = endpoint({
  method: 'POST',
  path: '/v1/logout',
  summary: 'Sign out here, everywhere else, or everywhere.',
  tag: 'Sessions',
  guard: 'any_session',
  query: z.strictObject({ scope: z.enum(['current', 'others', 'all']).default('current') }),
  answers: { 204: { text: 'Signed out.' } },
  async handle(deps, { session, query, actor }) {
    await signOut(deps, actor, { session, scope: query.scope })
    return { status: 204, cookies: query.scope === 'others' ? [] : [{ kind: 'session_ended' }] }
  },
})

const sessions = endpoint({
  method: 'GET',
  path: '/v1/me/sessions',
  summary: 'Where the person is signed in.',
  tag: 'Me',
  guard: 'session',
  answers: { 200: { text: 'Live sessions, newest first.', schema: z.array(ownSessionResource) } },
  async handle(deps, { session }) {
    const own = await listOwnSessions(deps, session.userId)
    return { status: 200, body: own.map((each) => presentOwnSession(each, session.id)) }
  },
})

const endSession = endpoint({
  method: 'DELETE',
  path: '/v1/me/sessions/:id',
  summary: "End one of the person's sessions.",
  tag: 'Me',
  guard: 'session',
  answers: { 204: { text: 'Ended.' } },
  errors: ['SESSION_NOT_FOUND'],
  async handle(deps, { session, params, actor }) {
    const sessionId = params.id
    await endOwnSession(deps, actor, { userId: session.userId, sessionId })
    return { status: 204, cookies: sessionId === session.id ? [{ kind: 'session_ended' }] : [] }
  },
})

export const sessionEndpoints = [current, logout, sessions, endSession]
