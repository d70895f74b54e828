import { signOut } from '../../flows/sessions/session.ts'
import { fields, page } from './page.ts'

const ask = page({
  method: 'GET',
  path: '/signout',
  fields: fields({}),
  async handle(_deps, { identity }) {
    if (identity.kind !== 'session') return { goTo: '/signin' }
    return { page: 'signout', values: { email: identity.session.user.emailTyped } }
  },
})

const leave = page({
  method: 'POST',
  path: '/signout',
  fields: fields({}),
  async handle(deps, { identity, actor }) {
    if (identity.kind === 'session') await signOut(deps, actor, { session: identity.session, scope: 'current' })
    return { goTo: '/signin?notice=signed_out', cookies: [{ kind: 'session_ended' }] }
  },
})

export const signoutPages = [ask, leave]
