import { z } from 'zod'
import { endOwnSession, listOwnSessions } from '../../flows/sessions/end-session.ts'
import { ownSessionResource, presentOwnSession } from '../../resources/session.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const list = endpoint({
  name: 'listMySessions',
  method: 'GET',
  path: '/v1/me/sessions',
  summary: "List the signed-in user's sessions.",
  tag: 'Me',
  guard: 'session',
  answers: { 200: { text: 'Live sessions, newest first.', schema: z.array(ownSessionResource) } },
  async handle(deps, { session }) {
    const own = await listOwnSessions(deps, session.userId)
    return { status: 200, body: own.map((each) => presentOwnSession(each, session.id)) }
  },
})

const end = endpoint({
  name: 'endMySession',
  method: 'DELETE',
  path: '/v1/me/sessions/:id',
  summary: "End one of the signed-in user's sessions.",
  tag: 'Me',
  guard: 'session',
  answers: { 204: { text: 'The session has ended.' } },
  errors: ['SESSION_NOT_FOUND'],
  async handle(deps, { session, params, actor }) {
    const sessionId = params.id
    await endOwnSession(deps, actor, { userId: session.userId, sessionId })
    return { status: 204, cookies: sessionId === session.id ? [{ kind: 'session_ended' }] : [] }
  },
})

export const mySessionEndpoints = [list, end]
