import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import type { Bearers } from '../../flows/sessions/bearers.ts'
import { type Renewed, tokensFor } from '../../flows/sessions/new-secret.ts'
import type { Tokens } from '../../flows/sessions/token.ts'
import type { SignInResult } from '../../flows/signin/complete.ts'
import { SECOND, toRfc3339 } from '../../platform/clock.ts'
import { endOf, newSessionResource, presentNewSession } from '../../resources/session.ts'
import { timeField } from '../../resources/shared-fields.ts'
import { presentTokens, tokensResource } from '../../resources/tokens.ts'
import type { Session } from '../../store/sessions.ts'
import type { CookieChange } from '../request/cookies.ts'
import type { Answer } from './endpoint.ts'

/** The answer that hands over a session: in a cookie, or with tokens in the body. */
const sessionAnswerShape = { session: newSessionResource, ...tokensResource.partial().shape }
export const sessionAnswerResource = z
  .strictObject(sessionAnswerShape)
  .meta({ id: 'RenewedSession', description: 'The session. A session that is delivered as tokens has new ones here.' })

function bodyOf(
  { clock }: Pick<Deps, 'clock'>,
  { session, enrolmentToken }: Bearers & { session: Session },
  tokens: Tokens | undefined,
): z.output<typeof sessionAnswerResource> {
  return {
    session: presentNewSession(session),
    ...(tokens && presentTokens(tokens)),
    ...(enrolmentToken !== undefined && {
      access_token: enrolmentToken,
      token_type: 'Bearer' as const,
      expires_in: Math.floor((endOf(session) - clock.now()) / SECOND),
    }),
  }
}

export function sessionCookies({ session, cookie, check }: Bearers & { session: Session }): CookieChange[] {
  if (cookie === undefined) return []
  return [{ kind: 'session', value: cookie, check, maxAgeMs: session.expiresAt - session.createdAt }]
}

/** Added to the description of such an answer. */
export const REPLACED = 'The session keeps its id. The new cookie or tokens replace the earlier ones.'

/** The answer of a step-up or a change of factors: the session with its new secret. */
export async function answerRenewed(deps: Deps, renewed: Renewed) {
  return { body: bodyOf(deps, renewed, await tokensFor(deps, renewed)), cookies: sessionCookies(renewed) }
}

const complete = z
  .strictObject({ status: z.literal('complete').describe('Signed in.'), ...sessionAnswerShape })
  .meta({ id: 'SignInComplete', description: 'Signed in. An attempt for tokens has them here.' })

const factorRequired = z
  .strictObject({
    status: z.literal('factor_required').describe('A second factor is required.'),
    factors: z
      .array(z.enum(['passkey', 'totp', 'recovery_code']))
      .describe('Prove one of these with the same attempt.'),
    expires_at: timeField.describe('When the attempt ends.'),
  })
  .meta({ id: 'SignInFactorRequired', description: 'A second factor is required. The attempt stays open.' })

const continueElsewhere = z
  .strictObject({ status: z.literal('continue_elsewhere').describe('The sign-in was begun in another browser.') })
  .meta({ id: 'SignInContinueElsewhere', description: 'The sign-in was begun elsewhere. The link stays valid.' })

/** The answers of every proof: signed in, or a second factor is required and the attempt stays open. */
export const signInAnswers = {
  200: {
    text: 'Signed in, or a second factor is required: prove one of `factors` with the same attempt.',
    schema: z
      .discriminatedUnion('status', [complete, factorRequired])
      .meta({ id: 'SignInResult', description: 'What a proof led to.' }),
  },
}

/** The answers to a link. */
export const linkAnswers = {
  200: {
    text: `${signInAnswers[200].text} \`continue_elsewhere\`: the sign-in was begun in another browser. The link stays valid.`,
    schema: z
      .discriminatedUnion('status', [complete, factorRequired, continueElsewhere])
      .meta({ id: 'LinkResult', description: 'What a link led to.' }),
  },
}

/** The cookies that a completed sign-in sets and ends. */
export function signInCookies({ signedIn }: SignInResult & { status: 'complete' }): CookieChange[] {
  const { device, attempt } = signedIn
  return [
    { kind: 'attempt_ended', attemptId: attempt.id },
    ...sessionCookies(signedIn),
    ...(device === undefined ? [] : [{ kind: 'device', value: device } as const]),
  ]
}

export function signInAnswer(deps: Pick<Deps, 'clock'>, result: SignInResult): Answer {
  if (result.status === 'continue_elsewhere') return { status: 200, body: result }
  if (result.status === 'factor_required') {
    const { status, factors, attempt } = result
    return { status: 200, body: { status, factors, expires_at: toRfc3339(attempt.expiresAt) } }
  }
  const { signedIn, tokens } = result
  return {
    status: 200,
    body: { status: 'complete', ...bodyOf(deps, signedIn, tokens) },
    cookies: signInCookies(result),
  }
}
