import type { Deps } from '../../deps.ts'
import { timeAfter } from '../../platform/clock.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import { findSession, renewSession, type Session } from '../../store/sessions.ts'
import type { Proof } from '../../store/signin-attempts.ts'
import { amrOf, levelOf, proofsIn } from '../policy/factor.ts'
import { type Bearers, bearersOf } from './bearers.ts'
import { atMost } from './proofs.ts'
import { issueTokens, type Tokens } from './token.ts'

/** A session with its new secret, which replaces the old cookie and refresh token. */
export interface Renewed extends Bearers {
  session: Session
}

/**
 * Gives a session another secret and salt after a step-up or a change of factors, against session fixation, and records
 * the proof. The id stays. Runs in the unit that caused it.
 */
export async function renew(
  deps: Deps,
  trx: Trx,
  { session: held, proof }: { session: Session; proof?: Proof },
): Promise<Renewed> {
  // Read again: the unit may have removed a factor, and with it a proof of this session. The new secret is for what its
  // holder has shown.
  const session: Session = atMost((await findSession(trx, held.id)) ?? held, held)
  const before = proofsIn(session.amr)
  const proofs = proof === undefined ? before : [...new Set([...before, proof])]
  const amr = proof === undefined ? session.amr : amrOf(proofs)
  // Enrolling or proving a factor ends it. Another mail does not.
  const isEnrolmentDue = session.isEnrolmentDue && levelOf(proofs) < 2
  const secret = session.delivery === 'cookie' || isEnrolmentDue ? mintSecret(deps.random) : undefined
  const next: Session = {
    ...session,
    secretDigest: secret === undefined ? null : digest(secret),
    refreshSalt: mintSecret(deps.random),
    amr,
    aal: proof === undefined ? session.aal : levelOf(proofs),
    // A time of its own, so that a token from before can be told apart. Only a proof makes it later.
    authTime: timeAfter(session.authTime, proof === undefined ? session.authTime : deps.clock.now()),
    isEnrolmentDue,
  }
  // If the session was revoked meanwhile, the new secret is as dead as the old one.
  await renewSession(trx, next)
  return { session: next, ...bearersOf(deps, next, secret) }
}

/** Signs tokens after the unit, if the session hands over tokens and has no enrolment due. */
export async function tokensFor(deps: Deps, { session }: Pick<Renewed, 'session'>): Promise<Tokens | undefined> {
  return session.delivery === 'tokens' && !session.isEnrolmentDue ? await issueTokens(deps, session) : undefined
}
