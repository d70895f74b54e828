import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { type AuditLog, listLastAuditLogs } from '../../store/audit-logs.ts'
import { listPasskeys, type Passkey } from '../../store/passkeys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { findTotpSecret } from '../../store/totp-secrets.ts'
import { findUser, lockUser, type User, updateUserName } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { enrolledFactors, hasFactor, policyFor, type StepUpMethod } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdFresh, howToStepUp } from '../sessions/freshness.ts'
import { removeUserIn } from './delete.ts'

const OWN_EVENTS = 50

/** The current user of a session. Throws UNAUTHORIZED for a user deleted meanwhile. */
export async function findOwnUser(deps: Deps, userId: string): Promise<User> {
  const user = await deps.db.read((sql) => findUser(sql, userId))
  if (!user) throw new AuthdError('UNAUTHORIZED')
  return user
}

export interface SignInMethods {
  passkeys: Passkey[]
  totpSince: number | null
  recoveryCodes: number
  /** Recovery codes do not count: they stand in for a factor. */
  hasFactor: boolean
  isRequired: boolean
}

/** How a user can sign in. */
export async function listSignInMethods(deps: Deps, user: User): Promise<SignInMethods> {
  return await deps.db.read(async (sql) => {
    const enrolled = await enrolledFactors(sql, user.id)
    return {
      passkeys: await listPasskeys(sql, user.id),
      totpSince: (await findTotpSecret(sql, user.id))?.confirmedAt ?? null,
      recoveryCodes: enrolled.recoveryCodes,
      hasFactor: hasFactor(enrolled),
      isRequired: policyFor(deps, user) === 'required',
    }
  })
}

/** The last events about a user, newest first. */
export async function listOwnEvents(deps: Deps, userId: string): Promise<AuditLog[]> {
  return (await deps.db.read((sql) => listLastAuditLogs(sql, { userId }, OWN_EVENTS))).reverse()
}

/** Says whether a session is fresh enough for a change, and by which methods it can be proven again. */
export async function checkFresh(
  deps: Deps,
  session: OwnedSession,
): Promise<{ isFresh: boolean; methods: StepUpMethod[] }> {
  return await deps.db.read((sql) => howToStepUp(deps, sql, session))
}

/** Changes a user's own name; null removes it. Throws UNAUTHORIZED for a user deleted meanwhile. */
export async function renameMyself(
  deps: Deps,
  actor: Actor,
  { userId, name }: { userId: string; name: string | null },
): Promise<User> {
  return await decide(deps, async (trx) => {
    const before = await lockUser(trx, userId)
    if (!before) return new AuthdError('UNAUTHORIZED')
    await updateUserName(trx, { id: userId, name })
    await recordEvent(deps, trx, actor, { type: 'user.updated', user: before, metadata: { changed: ['name'] } })
    return { ...before, name }
  })
}

/** Deletes the user of a session and all their data. Throws STEP_UP_REQUIRED, UNAUTHORIZED. */
export async function deleteMyself(deps: Deps, actor: Actor, session: OwnedSession): Promise<void> {
  await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    await removeUserIn(deps, trx, actor, user)
    return undefined
  })
}
