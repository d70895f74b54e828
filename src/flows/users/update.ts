import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { EmailAddress } from '../../platform/email-address.ts'
import {
  findUser,
  lockUser,
  type MfaPolicy,
  type User,
  updateUserMfaPolicy,
  updateUserName,
} from '../../store/users.ts'
import { resolveUser } from '../named-user.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { changeEmailIn } from './email-change.ts'

/** What an operator changes about a user. Undefined leaves it as it is. */
export interface UserUpdate {
  name?: string | null | undefined
  email?: EmailAddress | undefined
  /** The operator vouches for the new address. Otherwise the next sign-in by mail verifies it. */
  isVerified: boolean
  /** Null for the policy of the deployment. */
  mfaPolicy?: MfaPolicy | null | undefined
}

/** Changes a user, all of it or nothing. Returns the user before and after. Throws USER_NOT_FOUND, CONFLICT. */
export async function updateUser(
  deps: Deps,
  actor: Actor,
  { user: name, ...update }: UserUpdate & { user: string },
): Promise<{ before: User; after: User }> {
  const { id } = await resolveUser(deps, name)
  return await deps.db.write(async (trx) => {
    const before = await lockUser(trx, id)
    if (!before) throw new AuthdError('USER_NOT_FOUND', { message: `The user ${name} was deleted meanwhile.` })
    const changed: string[] = []
    if (update.name !== undefined && update.name !== before.name) {
      await updateUserName(trx, { id, name: update.name })
      changed.push('name')
    }
    if (update.mfaPolicy !== undefined && update.mfaPolicy !== before.mfaPolicy) {
      await updateUserMfaPolicy(trx, { id, policy: update.mfaPolicy })
      changed.push('mfa_policy')
    }
    if (changed.length > 0) {
      const isPolicy = changed.includes('mfa_policy')
      const policy = { before: before.mfaPolicy ?? 'default', after: update.mfaPolicy ?? 'default' }
      const metadata = { changed, ...(isPolicy && { mfa_policy: policy }) }
      await recordEvent(deps, trx, actor, { type: 'user.updated', user: before, metadata })
    }
    const { email: address, isVerified } = update
    if (address && address.canonical !== before.email) {
      // Drops the proofs of the old address too.
      if (!(await changeEmailIn(deps, trx, actor, { user: before, address, isVerified, byOperator: true }))) {
        throw new AuthdError('CONFLICT', { message: `Another user has ${address.canonical}. Nothing was changed.` })
      }
    }
    return { before, after: (await findUser(trx, id)) ?? before }
  })
}
