import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Actor } from '../../flows/record-event.ts'
import { previewLink, redeemLink } from '../../flows/signin/link.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import { holdingOf, type RequestCookies } from '../request/cookies.ts'
import { redemption } from '../request/proof-context.ts'
import { fields, type PageAnswer, page } from './page.ts'
import { signedInPage } from './signed-in.ts'

const token = z.string().max(200)

const preview = page({
  method: 'GET',
  path: '/signin/link',
  limit: 'stranger',
  fields: fields({ token: token.default('') }),
  async handle(deps, { fields: query, cookies, actor }) {
    return await linkPage(deps, actor, cookies, query.token)
  },
})

const redeem = page({
  method: 'POST',
  path: '/signin/link',
  limit: 'guess',
  fields: fields({ token, attempt: z.string().max(64) }),
  async handle(deps, { fields: form, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, undefined, form.attempt), token: form.token }
    const result = await redeemLink(deps, actor, proof)
    if (result.status === 'continue_elsewhere') return await linkPage(deps, actor, cookies, form.token)
    return signedInPage(deps, result)
  },
})

/** Only the browser that began the sign-in gets the button that uses the link. */
async function linkPage(deps: Deps, actor: Actor, cookies: RequestCookies, linkToken: string): Promise<PageAnswer> {
  const found = await previewLink(deps, actor, { token: linkToken, holding: holdingOf(cookies) })
  if (found.kind === 'used') throw new AuthdError('MAGIC_LINK_USED')
  if (found.kind === 'expired') throw new AuthdError('MAGIC_LINK_EXPIRED')
  const { attempt } = found
  const emailMasked = maskEmail(attempt.email)
  if (found.kind === 'own') {
    return { page: 'link', values: { kind: 'own', attempt: attempt.id, token: linkToken, emailMasked } }
  }
  const browser = describeUserAgent(attempt.userAgent)
  return {
    page: 'link',
    values: {
      kind: 'elsewhere',
      emailMasked,
      begunAt: attempt.createdAt,
      now: deps.clock.now(),
      ...(browser !== undefined && { browser }),
      ...(attempt.ip !== null && { ip: attempt.ip }),
    },
  }
}

export const linkPages = [preview, redeem]
