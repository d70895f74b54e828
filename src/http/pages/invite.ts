import { acceptInvitation, findInvited } from '../../flows/users/invitation.ts'
import { orEnded } from './ended-link.ts'
import { fields, linkToken, page } from './page.ts'

const invited = page({
  method: 'GET',
  path: '/invite',
  limit: 'stranger',
  fields: fields({ token: linkToken('inv') }),
  async handle(deps, { fields: query }) {
    return await orEnded('invitation', async () => {
      const { emailTyped } = await findInvited(deps, query.token)
      return { page: 'invite', values: { email: emailTyped, token: query.token } }
    })
  },
})

const accept = page({
  method: 'POST',
  path: '/invite',
  limit: 'guess',
  fields: fields({ token: linkToken('inv') }),
  async handle(deps, { fields: form, actor, lang, cookies }) {
    return await orEnded('invitation', async () => {
      const held = cookies.attempts
      const begun = await acceptInvitation(deps, actor, { token: form.token, lang, held, device: cookies.device })
      return {
        goTo: `/signin/code?attempt=${begun.attempt.id}`,
        cookies: [{ kind: 'attempt', token: begun.token }],
      }
    })
  },
})

export const invitePages = [invited, accept]
