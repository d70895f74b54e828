import type { Identity } from '../../flows/sessions/identify.ts'
import { holdingOf, type RequestCookies } from './cookies.ts'

/** The context of a proof: its attempt, its device, and the session that a new one replaces. */
export function redemption(
  { cookies, identity }: { cookies: RequestCookies; identity: Identity },
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
