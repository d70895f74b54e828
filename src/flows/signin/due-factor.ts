import type { Deps } from '../../deps.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { acceptedFactors, type Factor } from '../policy/factor.ts'
import { findHeld, type Holding, isOpen } from './attempt.ts'

/** The attempt that a browser holds and that waits for a second proof, with the factors it may prove. */
export async function findDueFactors(
  deps: Deps,
  holding: Holding,
): Promise<{ attempt: SigninAttempt; factors: Factor[] } | undefined> {
  return await deps.db.read(async (sql) => {
    const attempt = (await findHeld(sql, holding))?.attempt
    if (!attempt || attempt.userId === null || !isOpen(attempt, deps.clock.now())) return undefined
    return { attempt, factors: await acceptedFactors(sql, attempt.userId, attempt.proofs) }
  })
}
