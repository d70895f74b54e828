import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { previewLink, redeemLink } from '../../flows/signin/redeem.ts'
import { maskEmail } from '../../platform/email-address.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import { holdingOf } from '../request/cookies.ts'
import { redemption } from '../request/proof-context.ts'
import { fields, linkToken, type PageAnswer, type PageRequest, page } from './page.ts'
import { leadBack, signedInPage } from './signed-in.ts'

type LinkRequest = Pick<PageRequest<{ token: string }>, 'fields' | 'actor' | 'cookies' | 'identity'>

const preview = page({
  method: 'GET',
  path: '/signin/link',
  limit: 'stranger',
  fields: fields({ token: linkToken('att') }),
  async handle(deps, request) {
    return await orLeadBack(deps, request, () => linkPage(deps, request))
  },
})

const redeem = page({
  method: 'POST',
  path: '/signin/link',
  limit: 'guess',
  fields: fields({ token: linkToken('att'), attempt: z.string().max(64) }),
  async handle(deps, request) {
    const { fields: form, actor } = request
    return await orLeadBack(deps, request, async () => {
      const proof = { ...redemption(request, undefined, form.attempt), token: form.token }
      const result = await redeemLink(deps, actor, proof)
      return result.status === 'continue_elsewhere' ? await linkPage(deps, request) : signedInPage(deps, result)
    })
  },
})

/** A link that has done its work leads the browser that it signed in to where that sign-in led. */
async function orLeadBack(deps: Deps, request: LinkRequest, work: () => Promise<PageAnswer>): Promise<PageAnswer> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || !error.code.startsWith('MAGIC_LINK_')) throw error
    const back = await leadBack(deps, request, request.fields.token.split('.')[0])
    if (back) return back
    throw error
  }
}

/** Only the browser that began the sign-in gets the button that uses the link. */
async function linkPage(deps: Deps, { actor, cookies, fields: { token } }: LinkRequest): Promise<PageAnswer> {
  const found = await previewLink(deps, actor, { token, holding: holdingOf(cookies) })
  if (found.kind === 'used') throw new AuthdError('MAGIC_LINK_USED')
  if (found.kind === 'expired') throw new AuthdError('MAGIC_LINK_EXPIRED')
  const { attempt } = found
  const emailMasked = maskEmail(attempt.email)
  if (found.kind === 'own') {
    return { page: 'link', values: { kind: 'own', attempt: attempt.id, token, emailMasked } }
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
