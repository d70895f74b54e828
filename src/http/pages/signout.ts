import { signOut } from '../../flows/sessions/end-session.ts'
import { allowedRedirect, fields, page, redirectField } from './page.ts'

/** Where an app's link leads to sign out. With a redirect that is not allowed, it leads to authd's own page. */
const ask = page({
  method: 'GET',
  path: '/signout',
  fields: fields({ redirect_to: redirectField }),
  async handle(deps, { identity, fields: query }) {
    const redirect = allowedRedirect(deps, query.redirect_to)
    if (identity.kind !== 'session') return { goTo: redirect.redirectTo ?? '/signin' }
    return { page: 'signout', values: { email: identity.session.user.emailTyped, ...redirect } }
  },
})

const leave = page({
  method: 'POST',
  isOwn: true,
  path: '/signout',
  fields: fields({ redirect_to: redirectField }),
  async handle(deps, { identity, actor, fields: form }) {
    const { redirectTo } = allowedRedirect(deps, form.redirect_to)
    if (identity.kind === 'session') await signOut(deps, actor, { session: identity.session, scope: 'current' })
    return { goTo: redirectTo ?? '/signin?notice=signed_out', cookies: [{ kind: 'session_ended' }] }
  },
})

export const signoutPages = [ask, leave]
