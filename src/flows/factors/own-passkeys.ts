import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Trx } from '../../store/db.ts'
import { deletePasskey, listPasskeys, type Passkey, renamePasskey } from '../../store/passkeys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import type { User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { notify } from '../outbox/notice.ts'
import { lastFactorGuard } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdFresh } from '../sessions/freshness.ts'
import { type Renewed, renew } from '../sessions/new-secret.ts'
import { forgetProofs } from '../sessions/proofs.ts'
import { dropLoneRecoveryCodes } from './recovery-code.ts'

export async function listOwnPasskeys(deps: Deps, userId: string): Promise<Passkey[]> {
  return await deps.db.read((sql) => listPasskeys(sql, userId))
}

/** Renames one of a user's own passkeys. Throws PASSKEY_NOT_FOUND. */
export async function renameOwnPasskey(
  deps: Deps,
  actor: Actor,
  { userId, id, name }: { userId: string; id: string; name: string },
): Promise<Passkey> {
  return await deps.db.write(async (trx) => {
    const isThere = await renamePasskey(trx, { id, userId, name: name.trim() })
    const passkey = (await listPasskeys(trx, userId)).find((own) => own.id === id)
    if (!isThere || !passkey) throw new AuthdError('PASSKEY_NOT_FOUND')
    await recordEvent(deps, trx, actor, { type: 'webauthn.renamed', user: { id: userId }, metadata: { passkey: id } })
    return passkey
  })
}

/**
 * Removes a passkey. Throws LAST_FACTOR for the only factor of a user who must have one, PASSKEY_NOT_FOUND,
 * STEP_UP_REQUIRED.
 */
export async function removeOwnPasskey(
  deps: Deps,
  actor: Actor,
  { session, id }: { session: OwnedSession; id: string },
): Promise<Renewed> {
  return await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const refusal = await lastFactorGuard(deps, trx, user, 'passkey')
    if (refusal) return refusal
    if (!(await removePasskeyIn(deps, trx, actor, { user, id, keptId: session.id })))
      return new AuthdError('PASSKEY_NOT_FOUND')
    return await renew(deps, trx, { session: held.session })
  })
}

/**
 * Runs inside the unit that locks the user. `keptId`: the session that removes it. Returns false if the user has no such
 * passkey.
 */
export async function removePasskeyIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, id, keptId }: { user: User; id: string; keptId?: string | undefined },
): Promise<boolean> {
  const removed = await deletePasskey(trx, { id, userId: user.id })
  if (!removed) return false
  // It is not known with which passkey a session was proven. The session that removes one keeps its proof while another
  // is left.
  const isOneLeft = (await listPasskeys(trx, user.id)).length > 0
  await forgetProofs(trx, { userId: user.id, removed: ['passkey'], keptId: isOneLeft ? keptId : undefined })
  await recordEvent(deps, trx, actor, { type: 'webauthn.removed', user, metadata: { passkey: id, name: removed.name } })
  await notify(deps, trx, actor, { user, template: 'passkey_removed', values: { name: removed.name } })
  await dropLoneRecoveryCodes(trx, user.id)
  return true
}
