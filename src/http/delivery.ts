import { z } from 'zod'
import type { Deps } from '../deps.ts'
import { type Renewed, tokensFor } from '../flows/sessions/renewal.ts'
import type { Bearers } from '../flows/sessions/session.ts'
import type { Tokens } from '../flows/sessions/token.ts'
import { SECOND } from '../platform/clock.ts'
import { newSessionResource, presentNewSession } from '../resources/session.ts'
import { presentTokens, tokensResource } from '../resources/tokens.ts'
import type { Session } from '../store/sessions.ts'
import type { CookieChange } from './cookies.ts'

/** A session as whoever holds it gets it: as a cookie and no more, or with tokens in the answer. */
export const deliveredShape = { session: newSessionResource, ...tokensResource.partial().shape }
export const deliveredResource = z.strictObject(deliveredShape)

export function deliveredBody(
  { session, enrolmentToken }: Bearers & { session: Session },
  tokens: Tokens | undefined,
): z.output<typeof deliveredResource> {
  return {
    session: presentNewSession(session),
    ...(tokens && presentTokens(tokens)),
    ...(enrolmentToken !== undefined && {
      access_token: enrolmentToken,
      token_type: 'Bearer' as const,
      expires_in: Math.floor((session.expiresAt - session.authTime) / SECOND),
    }),
  }
}

export function sessionCookies({ session, cookie, check }: Bearers & { session: Session }): CookieChange[] {
  if (cookie === undefined) return []
  return [{ kind: 'session', value: cookie, check, maxAgeMs: session.expiresAt - session.createdAt }]
}

/** What a step-up, or a change of factors, answers: the session under its new secret. */
export async function deliver(deps: Deps, renewed: Renewed) {
  return { body: deliveredBody(renewed, await tokensFor(deps, renewed)), cookies: sessionCookies(renewed) }
}
