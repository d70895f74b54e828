import { previewRecovery, redeemRecovery } from '../../flows/users/recovery-link.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { redemption } from '../request/proof-context.ts'
import { orEnded } from './ended-link.ts'
import { fields, linkToken, page } from './page.ts'
import { signedInPage } from './signed-in.ts'

const ask = page({
  method: 'GET',
  path: '/recover',
  limit: 'stranger',
  fields: fields({ token: linkToken('rec') }),
  async handle(deps, { fields: query }) {
    return await orEnded('recovery', async () => {
      const { user, removes } = await previewRecovery(deps, query.token)
      return { page: 'recover', values: { emailMasked: maskEmail(user.email), removes, token: query.token } }
    })
  },
})

const recover = page({
  method: 'POST',
  path: '/recover',
  limit: 'guess',
  fields: fields({ token: linkToken('rec') }),
  async handle(deps, { fields: form, actor, lang, cookies, identity }) {
    const { replaces, device } = redemption({ cookies, identity })
    return await orEnded('recovery', async () => {
      const { result, attemptToken } = await redeemRecovery(deps, actor, { token: form.token, lang, replaces, device })
      const shown = signedInPage(deps, result)
      const isDue = result.status === 'factor_required'
      return isDue ? { ...shown, cookies: [{ kind: 'attempt', token: attemptToken }] } : shown
    })
  },
})

export const recoverPages = [ask, recover]
