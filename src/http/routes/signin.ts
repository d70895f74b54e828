import { z } from 'zod'
import { beginSignIn } from '../../flows/signin/begin.ts'
import type { SignInResult } from '../../flows/signin/complete.ts'
import { redeemCode, redeemLink } from '../../flows/signin/link.ts'
import { sendAnotherMail } from '../../flows/signin/mail.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { emailField, timeField } from '../../resources/email.ts'
import { sample } from '../../resources/field.ts'
import { type CookieChange, holdingOf, type RequestCookies } from '../cookies.ts'
import { deliveredBody, deliveredShape, sessionCookies } from '../delivery.ts'
import { type Answer, type EndpointRequest, endpoint } from '../endpoint.ts'
import { languageOf } from '../language.ts'

export const attemptToken = z
  .string()
  .max(200)
  .meta({ examples: ['att_01m88jw08vedqtrgrr9eqkmg57.…'] })
  .describe('`att_…`, from POST /v1/signin; without it, the cookie counts.')

/** As a person types it: of a mail, an authenticator app or a list. */
export const typedCode = z
  .string()
  .min(1)
  .max(64)
  .meta({ examples: ['123456'] })

/** What every proof answers: signed in, or a second factor is due and the attempt lives on. */
export const signInAnswers = {
  200: {
    text: 'Signed in, or a second factor is due: prove one of `factors` with the same attempt.',
    schema: z.union([
      z.strictObject({ status: z.literal('complete'), ...deliveredShape }),
      z.strictObject({
        status: z.literal('factor_required'),
        factors: z.array(z.enum(['passkey', 'totp', 'recovery_code'])),
        expires_at: timeField,
      }),
    ]),
  },
}

const begin = endpoint({
  method: 'POST',
  path: '/v1/signin',
  summary: 'Begin a sign-in; with an address, link and code are mailed at once.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'stranger',
  body: {
    type: 'json',
    schema: z.strictObject({
      email: emailField.optional(),
      deliver: z.enum(['tokens', 'cookie']).default('tokens'),
      redirect_to: z.string().max(2048).optional(),
      link_to: z.string().max(2048).optional(),
      lang: z.string().max(35).optional(),
    }),
  },
  answers: {
    201: {
      text: 'The same for every address, known or not. The token is also set as a cookie.',
      schema: z.strictObject({
        attempt_token: sample('att_01m88jw08vedqtrgrr9eqkmg57.…'),
        expires_at: timeField,
        methods: z.array(z.enum(['email', 'passkey', 'totp'])),
        resend_after: timeField.optional(),
      }),
    },
  },
  errors: ['CROSS_SITE_REQUEST'],
  async handle(deps, { body, cookies, actor, acceptLanguage }) {
    const begun = await beginSignIn(deps, actor, {
      email: body.email,
      deliver: body.deliver,
      redirectTo: body.redirect_to,
      linkTo: body.link_to,
      lang: languageOf(body.lang ?? acceptLanguage),
      held: cookies.attempts,
      device: cookies.device,
    })
    return {
      status: 201,
      body: {
        attempt_token: begun.token,
        expires_at: toRfc3339(begun.attempt.expiresAt),
        methods: ['email', 'passkey', ...(deps.config.current().totp.allowFirstFactor ? ['totp'] : [])],
        ...(begun.resendAfter !== undefined && { resend_after: toRfc3339(begun.resendAfter) }),
      },
      cookies: [{ kind: 'attempt', token: begun.token, held: cookies.attempts }],
    }
  },
})

const email = endpoint({
  method: 'POST',
  path: '/v1/signin/email',
  summary: 'Ask for another mail; link and code of the older one end.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'stranger',
  body: { type: 'json', schema: z.strictObject({ attempt_token: attemptToken.optional() }) },
  answers: {
    202: {
      text: 'The mail is queued.',
      schema: z.strictObject({ delivery: z.literal('queued'), resend_after: timeField }),
    },
  },
  errors: ['ATTEMPT_EXPIRED', 'CROSS_SITE_REQUEST'],
  async handle(deps, { body, cookies, actor }) {
    const holding = holdingOf(cookies, body.attempt_token)
    const { resendAfter } = await sendAnotherMail(deps, actor, { holding, device: cookies.device })
    return { status: 202, body: { delivery: 'queued', resend_after: toRfc3339(resendAfter) } }
  },
})

const link = endpoint({
  method: 'POST',
  path: '/v1/signin/link',
  summary: "Sign in with a mail's link, together with the token of its own attempt.",
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  body: {
    type: 'json',
    schema: z.strictObject({
      token: z
        .string()
        .max(200)
        .meta({ examples: ['att_01m88jw08vedqtrgrr9eqkmg57.…'] }),
      attempt_token: attemptToken.optional(),
    }),
  },
  answers: {
    200: {
      text: `${signInAnswers[200].text} \`continue_elsewhere\`: this is not where the sign-in was begun, and nothing was spent.`,
      schema: z.union([signInAnswers[200].schema, z.strictObject({ status: z.literal('continue_elsewhere') })]),
    },
  },
  errors: ['MAGIC_LINK_USED', 'MAGIC_LINK_EXPIRED', 'CROSS_SITE_REQUEST'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), token: body.token }
    return signInAnswer(await redeemLink(deps, actor, proof), cookies)
  },
})

const code = endpoint({
  method: 'POST',
  path: '/v1/signin/code',
  summary: "Sign in with a mail's code.",
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  body: {
    type: 'json',
    schema: z.strictObject({ code: typedCode, attempt_token: attemptToken.optional() }),
  },
  answers: signInAnswers,
  errors: ['INVALID_CREDENTIALS', 'CROSS_SITE_REQUEST'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), code: body.code }
    return signInAnswer(await redeemCode(deps, actor, proof), cookies)
  },
})

/** What a request brings to a proof: its attempt, its device, and the session that the new one replaces. */
export function redemption(
  { cookies, identity }: Pick<EndpointRequest<unknown, unknown>, 'cookies' | 'identity'>,
  token?: string | undefined,
  attemptId?: string | undefined,
) {
  const isCookie = identity.kind === 'session' && identity.via === 'cookie'
  return {
    holding: holdingOf(cookies, token, attemptId),
    replaces: isCookie ? identity.session : undefined,
    device: cookies.device,
  }
}

/** What a completed sign-in does to the browser's cookies. */
export function signInCookies({ signedIn }: SignInResult & { status: 'complete' }, held: string[]): CookieChange[] {
  const { device, attempt } = signedIn
  return [
    { kind: 'attempt_ended', attemptId: attempt.id, held },
    ...sessionCookies(signedIn),
    ...(device === undefined ? [] : [{ kind: 'device', value: device } as const]),
  ]
}

export function signInAnswer(result: SignInResult, cookies: RequestCookies): Answer {
  if (result.status === 'continue_elsewhere') return { status: 200, body: result }
  if (result.status === 'factor_required') {
    const { status, factors, attempt } = result
    return { status: 200, body: { status, factors, expires_at: toRfc3339(attempt.expiresAt) } }
  }
  const { signedIn, tokens } = result
  return {
    status: 200,
    body: { status: 'complete', ...deliveredBody(signedIn, tokens) },
    cookies: signInCookies(result, cookies.attempts),
  }
}

export const signinEndpoints = [begin, email, link, code]
