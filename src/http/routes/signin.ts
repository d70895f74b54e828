import { z } from 'zod'
import { AuthdError } from '../../errors.ts'
import { beginSignIn } from '../../flows/signin/begin.ts'
import { redeemCode, redeemLink } from '../../flows/signin/redeem.ts'
import { sendAnotherMail } from '../../flows/signin/signin-mail.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { emailField } from '../../resources/email.ts'
import { attemptToken, mailQueuedResource, sample, timeField, typedCode } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { linkAnswers, signInAnswer, signInAnswers } from '../endpoint/session-answer.ts'
import { holdingOf } from '../request/cookies.ts'
import { holdsAttempt, holdsLink } from '../request/own-credential.ts'
import { redemption } from '../request/proof-context.ts'

const begin = endpoint({
  name: 'signIn',
  method: 'POST',
  path: '/v1/signin',
  summary: 'Begin a sign-in. With an address, authd mails a link and a code.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'stranger',
  cookies: ({ deliver }) => deliver === 'cookie',
  body: {
    type: 'json',
    schema: z.strictObject({
      email: emailField.optional().describe('Where to send a link and a code. Without it, sign in with a passkey.'),
      deliver: z
        .enum(['tokens', 'cookie'])
        .default('tokens')
        .describe(
          'How the session is delivered: tokens in the answer, or a cookie for the browser. A request with an `Authorization` header gets no cookies.',
        ),
      redirect_to: z
        .string()
        .max(2048)
        .optional()
        .describe('Where the pages of authd lead at the end. It must match `signin.redirect_urls`.'),
      link_to: z
        .string()
        .max(2048)
        .optional()
        .describe('Where the link in the mail leads, with `?token=…`. It must be listed in `signin.link_urls`.'),
      lang: z
        .string()
        .max(200)
        .optional()
        .describe(
          'The language of the mail: a tag (BCP 47), or several in order of preference. Defaults to `Accept-Language`.',
        ),
    }),
  },
  answers: {
    201: {
      text: 'The answer is the same for known and unknown addresses. With `deliver: cookie`, the token is also set as a cookie.',
      schema: z
        .strictObject({
          attempt_token: sample('att_01m88jw08vedqtrgrr9eqkmg57.…').describe(
            'The secret of this attempt. Send it with each proof.',
          ),
          expires_at: timeField.describe('When the attempt ends.'),
          methods: z.array(z.enum(['email', 'passkey', 'totp'])).describe('How this sign-in can begin.'),
          resend_after: timeField.optional().describe('With `email`: before that time, another mail is not sent.'),
        })
        .meta({ id: 'SignInAttempt', description: 'A sign-in that has begun.' }),
    },
  },
  async handle(deps, { body, cookies, hasOwnCredential, actor, languageOf }) {
    if (body.deliver === 'cookie' && hasOwnCredential) throw getsNoCookie()
    const begun = await beginSignIn(deps, actor, {
      email: body.email,
      deliver: body.deliver,
      redirectTo: body.redirect_to,
      linkTo: body.link_to,
      lang: languageOf(body.lang),
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
      cookies: [{ kind: 'attempt', token: begun.token, isUnmailed: body.email === undefined }],
    }
  },
})

function getsNoCookie(): AuthdError {
  return new AuthdError('VALIDATION_ERROR', {
    message: 'deliver: A request with an Authorization header gets no cookies. Leave the header out, or use "tokens".',
    details: { errors: [{ pointer: '/deliver', code: 'NOT_ALLOWED' }] },
  })
}

const email = endpoint({
  name: 'sendSignInMail',
  method: 'POST',
  path: '/v1/signin/email',
  summary: 'Send another mail. The link and code of the earlier mail stop working.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'stranger',
  cookies: holdsAttempt,
  body: { type: 'json', schema: z.strictObject({ attempt_token: attemptToken.optional() }) },
  answers: {
    202: {
      text: 'The mail is queued.',
      schema: mailQueuedResource,
    },
  },
  errors: ['ATTEMPT_EXPIRED'],
  async handle(deps, { body, cookies, actor }) {
    const holding = holdingOf(cookies, body.attempt_token)
    const { resendAfter } = await sendAnotherMail(deps, actor, { holding, device: cookies.device })
    return { status: 202, body: { delivery: 'queued', resend_after: toRfc3339(resendAfter) } }
  },
})

const link = endpoint({
  name: 'redeemLink',
  method: 'POST',
  path: '/v1/signin/link',
  summary: 'Sign in with the link from a mail and the token of the same attempt.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  cookies: holdsLink,
  body: {
    type: 'json',
    schema: z.strictObject({
      token: z
        .string()
        .max(200)
        .meta({ examples: ['att_01m88jw08vedqtrgrr9eqkmg57.…'] })
        .describe('The `token` of the link.'),
      attempt_token: attemptToken.optional(),
    }),
  },
  answers: linkAnswers,
  errors: ['MAGIC_LINK_USED', 'MAGIC_LINK_EXPIRED'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), token: body.token }
    return signInAnswer(deps, await redeemLink(deps, actor, proof))
  },
})

const code = endpoint({
  name: 'redeemCode',
  method: 'POST',
  path: '/v1/signin/code',
  summary: 'Sign in with the code from a mail.',
  tag: 'Sign-in',
  guard: 'none',
  limit: 'guess',
  cookies: holdsAttempt,
  body: {
    type: 'json',
    schema: z.strictObject({ code: typedCode, attempt_token: attemptToken.optional() }),
  },
  answers: signInAnswers,
  errors: ['INVALID_CREDENTIALS'],
  async handle(deps, { body, cookies, actor, identity }) {
    const proof = { ...redemption({ cookies, identity }, body.attempt_token), code: body.code }
    return signInAnswer(deps, await redeemCode(deps, actor, proof))
  },
})

export const signinEndpoints = [begin, email, link, code]
