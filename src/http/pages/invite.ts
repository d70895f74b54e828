import { z } from 'zod'
import { acceptInvitation, findInvited } from '../../flows/users/invitation.ts'
import { previewRecovery, redeemRecovery } from '../../flows/users/recovery-link.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { redemption } from '../routes/signin.ts'
import { fields, page } from './page.ts'
import { signedInPage } from './signin.ts'

const token = z.string().max(200).default('')

const invited = page({
  method: 'GET',
  path: '/invite',
  limit: 'stranger',
  fields: fields({ token }),
  async handle(deps, { fields: query }) {
    const { emailTyped } = await findInvited(deps, query.token)
    return { page: 'invite', values: { email: emailTyped, token: query.token } }
  },
})

const accept = page({
  method: 'POST',
  path: '/invite',
  limit: 'guess',
  fields: fields({ token }),
  async handle(deps, { fields: form, actor, lang, cookies }) {
    const held = cookies.attempts
    const begun = await acceptInvitation(deps, actor, { token: form.token, lang, held, device: cookies.device })
    return {
      goTo: `/signin/code?attempt=${begun.attempt.id}`,
      cookies: [{ kind: 'attempt', token: begun.token, held }],
    }
  },
})

const askRecover = page({
  method: 'GET',
  path: '/recover',
  limit: 'stranger',
  fields: fields({ token }),
  async handle(deps, { fields: query }) {
    const { user, removes } = await previewRecovery(deps, query.token)
    return { page: 'recover', values: { emailMasked: maskEmail(user.email), removes, token: query.token } }
  },
})

const recover = page({
  method: 'POST',
  path: '/recover',
  limit: 'guess',
  fields: fields({ token }),
  async handle(deps, { fields: form, actor, lang, cookies, identity }) {
    const { replaces, device } = redemption({ cookies, identity })
    const { result, attemptToken } = await redeemRecovery(deps, actor, { token: form.token, lang, replaces, device })
    const shown = signedInPage(deps, result, cookies)
    const isDue = result.status === 'factor_required'
    const held = cookies.attempts
    return isDue ? { ...shown, cookies: [{ kind: 'attempt', token: attemptToken, held }] } : shown
  },
})

export const invitePages = [invited, accept, askRecover, recover]
