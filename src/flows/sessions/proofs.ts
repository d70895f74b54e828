import type { Trx } from '../../store/db.ts'
import { listSessions, setSessionProofs } from '../../store/sessions.ts'
import type { Proof } from '../../store/signin-attempts.ts'
import { amrOf, type Factor, levelOf, proofsIn } from '../policy/factor.ts'

/** The proofs that a factor gave. A recovery code stands in for the authenticator app. */
const PROOFS_OF: Readonly<Record<Factor, readonly Proof[]>> = {
  passkey: ['passkey'],
  totp: ['otp', 'recovery_code'],
  recovery_code: [],
}

/**
 * Called in the unit that removed factors of a user. The user's sessions lose the proofs that these gave, so that none
 * counts for another app or passkey that is set up later. `keptId`: this session keeps them.
 */
export async function forgetProofs(
  trx: Trx,
  { userId, removed, keptId }: { userId: string; removed: readonly Factor[]; keptId?: string | undefined },
): Promise<void> {
  const gone = new Set(removed.flatMap((factor) => PROOFS_OF[factor]))
  for (const { id, amr } of await listSessions(trx, { userId }, 1000)) {
    const left = proofsIn(amr).filter((proof) => !gone.has(proof))
    if (id === keptId || left.length === proofsIn(amr).length) continue
    await setSessionProofs(trx, { id, amr: amrOf(left), aal: levelOf(left) })
  }
}
