import { z } from 'zod'
import { endDisowned, findDisowned } from '../../flows/sessions/not-you.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import { fields, linkToken, type PageAnswer, page } from './page.ts'

const ENDED: PageAnswer = { page: 'ended', status: 410, values: { kind: 'not_you' } }

const ask = page({
  method: 'GET',
  path: '/not-you',
  limit: 'stranger',
  fields: fields({ token: linkToken('end') }),
  async handle(deps, { fields: { token } }) {
    const session = await findDisowned(deps, token)
    if (!session) return ENDED
    const browser = describeUserAgent(session.userAgent)
    return {
      page: 'not-you',
      values: {
        ...{ emailMasked: maskEmail(session.user.email), begunAt: session.createdAt, token },
        ...(browser !== undefined && { browser }),
        ...(session.ip !== null && { ip: session.ip }),
      },
    }
  },
})

/** Ends nothing without the answer of its button: a program that sends forms or presses the first button does no harm. */
const end = page({
  method: 'POST',
  path: '/not-you',
  limit: 'guess',
  fields: fields({ token: linkToken('end'), answer: z.enum(['me', 'not_me']).catch('me') }),
  async handle(deps, { fields: { token, answer }, actor, identity }) {
    const isSignedIn = identity.kind === 'session'
    if (answer === 'me') return { goTo: isSignedIn ? '/account?done=was_me' : '/signin?notice=was_me' }
    if (!(await endDisowned(deps, actor, token))) return ENDED
    return { goTo: isSignedIn ? '/account?done=session_ended' : '/signin?notice=not_you' }
  },
})

export const notYouPages = [ask, end]
