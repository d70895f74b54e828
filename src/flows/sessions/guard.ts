import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { howToStepUp, type Purpose, stepUpError, whyShort } from './freshness.ts'
import type { Identity } from './identify.ts'
import type { LiveSession } from './judge-session.ts'

/**
 * Who may call. `session`: a signed-in user. `cookie`: the same, with the cookie only. `change`: the same, but an access
 * token only after a step-up, because apps hold those. `enrol`: as `change`, and also a session that must set up a second
 * factor first. `any_session`: any live session, also one that must prove a second factor first, for what it may always
 * do. `step_up`: the same, for what replaces its secret. A scope: an API key that has it.
 */
export type Guard = 'none' | 'session' | 'cookie' | 'change' | 'enrol' | 'any_session' | 'step_up' | { scope: string }

/** What a session may be short of, by its guard. `use` for the others. */
const PURPOSES: Readonly<Partial<Record<Guard & string, Purpose>>> = {
  enrol: 'enrol',
  any_session: 'prove',
  step_up: 'prove',
}

/** With these, an access token may replace the secret of its session. */
const REPLACING: readonly Guard[] = ['change', 'enrol', 'step_up']

/** What a check of a caller needs. A caller inside a unit of work passes a `read` that runs in that unit. */
export interface Judge extends Pick<Deps, 'clock'> {
  db: Pick<Deps['db'], 'read'>
}

/**
 * Judges a caller by a guard. `statesClient`: the caller is a backend that states its user's address, so that a wrong key
 * is an error also where none is needed. Throws UNAUTHORIZED, FORBIDDEN, ENROLMENT_REQUIRED,
 * or STEP_UP_REQUIRED with the methods.
 */
export async function checkGuard(
  deps: Judge,
  identity: Identity,
  guard: Guard,
  { statesClient = false }: { statesClient?: boolean } = {},
): Promise<LiveSession | undefined> {
  if (guard === 'none' && statesClient && identity.kind === 'rejected') throw new AuthdError('UNAUTHORIZED')
  if (guard === 'none') return undefined
  if (typeof guard === 'object') {
    if (identity.kind !== 'api_key') throw new AuthdError('UNAUTHORIZED')
    if (!identity.key.scopes.includes(guard.scope)) throw new AuthdError('FORBIDDEN')
    return undefined
  }
  if (identity.kind !== 'session') throw new AuthdError('UNAUTHORIZED')
  const short = whyShort(identity.session, PURPOSES[guard] ?? 'use')
  if (short) throw short
  if (guard === 'cookie' && identity.via !== 'cookie') throw new AuthdError('FORBIDDEN')
  if (REPLACING.includes(guard)) refuseTokenOfCookie(identity)
  if (guard === 'change' || guard === 'enrol') await refuseOldToken(deps, identity)
  return identity.session
}

/** A request with a token gets no cookie, so it could not go on after the secret of its cookie was replaced. */
function refuseTokenOfCookie({ via, session }: Identity & { kind: 'session' }): void {
  if (via === 'access_token' && session.delivery === 'cookie') {
    throw new AuthdError('FORBIDDEN', { message: 'This session has a cookie. Send the cookie, and no access token.' })
  }
}

/** An access token changes a user only if it was issued after a step-up, and since the last change. */
async function refuseOldToken(deps: Judge, identity: Identity & { kind: 'session' }): Promise<void> {
  if (identity.via !== 'access_token') return
  const { authTime, createdAt } = identity.session
  const isSteppedUp = authTime !== createdAt && identity.isNewest && identity.claims.auth_time_ms === authTime
  if (isSteppedUp) return
  const { methods } = await deps.db.read((sql) => howToStepUp(deps, sql, identity.session))
  throw stepUpError(methods)
}
