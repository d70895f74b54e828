import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { lockApiKey } from '../../store/api-keys.ts'
import type { Trx } from '../../store/db.ts'
import { decide } from '../decide.ts'
import { holdSession } from './freshness.ts'
import { checkGuard, type Guard } from './guard.ts'
import { type Identity, whyNot } from './identify.ts'

/**
 * The dependencies for the work of one caller. Each unit of work first locks and judges again what the caller has shown,
 * because it may have been revoked, replaced or outdated since the request was identified. Then nothing is written, and
 * the unit throws UNAUTHORIZED, FORBIDDEN, ENROLMENT_REQUIRED or STEP_UP_REQUIRED.
 */
export function onBehalfOf(deps: Deps, identity: Identity, guard: Guard): Deps {
  if (guard === 'none') return deps
  const write = async <Result>(unit: (trx: Trx) => Promise<Result>): Promise<Result> => {
    const done = await decide(deps, async (trx) => {
      const refusal = await judgeAgain(deps, trx, identity, guard)
      return refusal ?? { result: await unit(trx) }
    })
    return done.result
  }
  return { ...deps, db: { ...deps.db, write } }
}

async function judgeAgain(deps: Deps, trx: Trx, identity: Identity, guard: Guard): Promise<AuthdError | undefined> {
  const current = await readAgain(deps, trx, identity)
  if (current instanceof AuthdError) return current
  try {
    await checkGuard({ clock: deps.clock, db: { read: (query) => query(trx) } }, current, guard)
  } catch (error) {
    if (error instanceof AuthdError) return error
    throw error
  }
  return undefined
}

async function readAgain(deps: Deps, trx: Trx, identity: Identity): Promise<Identity | AuthdError> {
  if (identity.kind === 'session') {
    const held = await holdSession(deps, trx, identity.session)
    return held instanceof AuthdError ? held : { ...identity, session: held.session }
  }
  if (identity.kind !== 'api_key') return identity
  const key = await lockApiKey(trx, identity.key.id)
  const isValid = key && whyNot(key, { ip: identity.ip, now: deps.clock.now() }) === undefined
  return isValid ? { ...identity, key } : new AuthdError('UNAUTHORIZED')
}
