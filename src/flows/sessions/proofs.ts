import type { Trx } from '../../store/db.ts'
import { listProvenSets, replaceProvenSet, type Session } from '../../store/sessions.ts'
import { forgetAttemptProofs, type Proof } from '../../store/signin-attempts.ts'
import { amrOf, type Factor, levelOf, proofsIn } from '../policy/factor.ts'

/**
 * A session limited to the proofs that the shown credential also has, and as fresh as the older of the two. So no copy
 * of a token rises with a step-up, or counts for more than its session does now.
 */
export function atMost<Held extends Pick<Session, 'amr' | 'aal' | 'authTime'>>(
  session: Held,
  shown: Pick<Session, 'amr' | 'authTime'>,
): Held {
  const proofs = proofsIn(session.amr).filter((proof) => shown.amr.includes(proof))
  const authTime = Math.min(session.authTime, shown.authTime)
  return { ...session, amr: amrOf(proofs), aal: levelOf(proofs), authTime }
}

/** The proofs that a factor gave. A recovery code stands in for the authenticator app. */
const PROOFS_OF: Readonly<Record<Factor, readonly Proof[]>> = {
  passkey: ['passkey'],
  totp: ['otp', 'recovery_code'],
  recovery_code: ['recovery_code'],
}

/**
 * Called in the unit that removed or replaced factors of a user. The user's sessions and open attempts lose the proofs that
 * these gave, so that none counts for another app or passkey that is set up later, and no session is fresh by them.
 * `keptId`: this session keeps them.
 */
export async function forgetProofs(
  trx: Trx,
  { userId, removed, keptId = '' }: { userId: string; removed: readonly Factor[]; keptId?: string | undefined },
): Promise<void> {
  const gone = removed.flatMap((factor) => PROOFS_OF[factor])
  for (const proof of new Set(gone)) await forgetAttemptProofs(trx, { userId, proof })
  await takeProofs(trx, { userId, gone, keptId })
}

/** Called in the unit in which an operator took an address from a user: what its mails have proven is gone, too.
 * A mail to the new address proves it again (factors/step-up.ts). */
export async function forgetMailProofs(trx: Trx, userId: string): Promise<void> {
  await takeProofs(trx, { userId, gone: ['email'], keptId: '' })
}

async function takeProofs(
  trx: Trx,
  { userId, gone, keptId }: { userId: string; gone: readonly Proof[]; keptId: string },
): Promise<void> {
  // A session that has idled out is not left out: the clock may be put back.
  for (const from of await listProvenSets(trx, userId)) {
    const left = proofsIn(from).filter((proof) => !gone.includes(proof))
    if (left.length === proofsIn(from).length) continue
    await replaceProvenSet(trx, { userId, from, exceptId: keptId, amr: amrOf(left), aal: levelOf(left) })
  }
}
