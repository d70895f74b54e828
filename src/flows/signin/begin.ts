import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import {
  findSigninAttempt,
  insertSigninAttempt,
  type SessionTransport,
  type SigninAttempt,
} from '../../store/signin-attempts.ts'
import { decide } from '../decide.ts'
import { withinMailLimit } from '../limits/mail-limit.ts'
import type { Actor } from '../record-event.ts'
import { findByToken, type HeldAttempt, mayBeMailed } from './held-attempt.ts'
import { isAllowedRedirect } from './redirect.ts'
import { queueSigninMail, resendAfter } from './signin-mail.ts'

export interface BeginSignIn {
  email?: EmailAddress | undefined
  deliver: SessionTransport
  /** Where the hosted pages redirect at the end, as `signin.redirect_urls` allows. */
  redirectTo?: string | undefined
  /** The app's own page for the link; one of `signin.link_urls`. */
  linkTo?: string | undefined
  lang: string
  /** Attempt tokens that this browser holds already. */
  held: string[]
  device?: string | undefined
}

export interface BegunSignIn {
  attempt: SigninAttempt
  token: string
  /** When another mail can be requested, in epoch milliseconds. Undefined if none was requested yet. */
  resendAfter: number | undefined
  /** False if no mail was requested, or if the last one is still on its way. */
  isMailed: boolean
}

/**
 * Begins a sign-in, and mails link and code if an address is given. The answer and the work are the same for known,
 * unknown and disabled addresses. A browser that asks again for the same address, or again without one, continues its
 * open attempt. Throws VALIDATION_ERROR, RATE_LIMITED.
 */
export async function beginSignIn(deps: Deps, actor: Actor, input: BeginSignIn): Promise<BegunSignIn> {
  const { signin } = deps.config.current()
  const { redirectTo, linkTo } = input
  if (redirectTo !== undefined && !isAllowedRedirect(signin.redirectUrls, redirectTo))
    throw notListed('redirect_to', REDIRECTS)
  if (linkTo !== undefined && !signin.linkUrls.includes(linkTo)) throw notListed('link_to', LINKS)
  const { email, device } = input
  return await decide(deps, async (trx) => {
    const find = async () => (await findContinued(deps, trx, input)) ?? (await insertNew(deps, trx, actor, input))
    if (!email) return begunBy(deps, await find())
    return await withinMailLimit(deps, trx, actor, {
      email: email.canonical,
      device,
      queue: async () => {
        const held = await find()
        const mailed = await queueSigninMail(deps, trx, actor, { attempt: held.attempt, device })
        const current = mailed ?? (await findSigninAttempt(trx, held.attempt.id))
        return { result: begunBy(deps, held, current, mailed !== undefined), isMailed: mailed !== undefined }
      },
    })
  })
}

function begunBy(
  deps: Deps,
  { attempt, token }: HeldAttempt,
  current: SigninAttempt = attempt,
  isMailed = false,
): BegunSignIn {
  return { attempt: current, token, resendAfter: resendAfter(deps, current), isMailed }
}

function insertNew(deps: Deps, trx: Trx, actor: Actor, input: BeginSignIn): Promise<HeldAttempt> {
  return insertAttempt(deps, trx, actor, { ...input, purpose: 'signin', boundTo: null })
}

const REDIRECTS = 'one of the addresses in signin.redirect_urls, or a path below one that ends in /*'
const LINKS = 'exactly one of the addresses in signin.link_urls'

function notListed(field: string, allowed: string): AuthdError {
  return new AuthdError('VALIDATION_ERROR', {
    message: `${field} is not allowed: it must be ${allowed}.`,
    details: { errors: [{ pointer: `/${field}`, code: 'NOT_ALLOWED' }] },
  })
}

async function findContinued(deps: Deps, trx: Trx, input: BeginSignIn): Promise<HeldAttempt | undefined> {
  const now = deps.clock.now()
  for (const text of input.held) {
    const held = await findByToken(trx, text)
    const attempt = held?.attempt
    if (
      attempt &&
      attempt.email === (input.email?.canonical ?? null) &&
      // A page that is opened again and again makes one row.
      (input.email !== undefined || input.deliver === 'cookie') &&
      mayBeMailed(attempt, now) &&
      attempt.deliver === input.deliver &&
      attempt.redirectTo === (input.redirectTo ?? null) &&
      attempt.linkTo === (input.linkTo ?? null)
    ) {
      return held
    }
  }
  return undefined
}

/** Inserts an attempt. Returns it with the token for its holder. */
export async function insertAttempt(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  input: Pick<BeginSignIn, 'email' | 'deliver' | 'redirectTo' | 'linkTo' | 'lang'> &
    Pick<SigninAttempt, 'purpose' | 'boundTo'> & { userId?: string },
): Promise<HeldAttempt> {
  const now = deps.clock.now()
  const id = deps.random.id('att')
  const secret = mintSecret(deps.random)
  await insertSigninAttempt(trx, {
    id,
    purpose: input.purpose,
    boundTo: input.boundTo,
    userId: input.userId ?? null,
    secretDigest: digest(secret),
    email: input.email?.canonical ?? null,
    emailTyped: input.email?.typed ?? null,
    deliver: input.deliver,
    redirectTo: input.redirectTo ?? null,
    linkTo: input.linkTo ?? null,
    lang: input.lang,
    ip: actor.ip,
    userAgent: actor.userAgent,
    createdAt: now,
    expiresAt: now + deps.config.current().signin.ttl,
  })
  const attempt = await findSigninAttempt(trx, id)
  if (!attempt) throw new Error('an inserted attempt was not found')
  return { attempt, token: `${id}.${secret}` }
}
