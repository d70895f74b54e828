import type { Deps } from '../../deps.ts'
import type { Trx } from '../../store/db.ts'
import { forgetDevices } from '../../store/devices.ts'
import { endRecoveryLinks } from '../../store/recovery-links.ts'
import type { User } from '../../store/users.ts'
import { dropFactors, type Factor } from '../policy/factor.ts'
import type { Actor } from '../record-event.ts'
import { endSessionsIn } from '../sessions/end-session.ts'
import { forgetProofs } from '../sessions/proofs.ts'

/**
 * At the first verified address of a user, drops what was set up before: it may belong to somebody else (pre-hijacking).
 * Their sessions and recovery links end, except the session `keptSessionId`. After a later change of address it does
 * nothing, so every factor stays due.
 * `user` is the row before the address was verified. Returns the dropped factors.
 */
export async function dropUnproven(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, keptSessionId: exceptId }: { user: User; keptSessionId?: string | undefined },
): Promise<Factor[]> {
  if (user.firstVerifiedAt !== null) return []
  await endSessionsIn(deps, trx, actor, { filter: { userId: user.id, exceptId }, reason: 'address_proven' })
  await forgetDevices(trx, user.id)
  await endRecoveryLinks(trx, user.id)
  const dropped = await dropFactors(trx, user.id)
  await forgetProofs(trx, { userId: user.id, removed: dropped })
  return dropped
}
