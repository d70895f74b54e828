import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Trx } from '../../store/db.ts'
import type { User } from '../../store/users.ts'
import { enrolledFactors, hasFactor, policyFor } from './factor.ts'

/** Why the person may not take this factor away: it is the last, and they must have one. */
export async function lastFactorGuard(
  deps: Pick<Deps, 'config'>,
  trx: Trx,
  user: User,
  factor: 'passkey' | 'totp',
): Promise<AuthdError | undefined> {
  const enrolled = await enrolledFactors(trx, user.id)
  const left = factor === 'totp' ? { ...enrolled, hasTotp: false } : { ...enrolled, passkeys: enrolled.passkeys - 1 }
  return policyFor(deps, user) === 'required' && !hasFactor(left) ? new AuthdError('LAST_FACTOR') : undefined
}
