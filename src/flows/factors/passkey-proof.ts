import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Sql } from '../../store/db.ts'
import { listPasskeys, type Passkey } from '../../store/passkeys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { findUserByEmail, lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import type { Actor } from '../record-event.ts'
import type { Renewed } from '../sessions/new-secret.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import { findHeld, type Holding, isOpen } from '../signin/held-attempt.ts'
import type { Redemption } from '../signin/redeem.ts'
import { imaginaryCredentials, shownCredentials } from './imaginary-credential.ts'
import { challenge, type PasskeyAnswer, type PasskeyOptions, take } from './passkey-challenge.ts'
import { accept, check, notAccepted, noteFailure } from './passkey-check.ts'
import { finishStepUp } from './step-up.ts'

/**
 * Makes a challenge for an attempt. Without an address any passkey may answer. With one, the options list its passkeys
 * or imaginary ones, so that nobody learns who is a user or has a passkey. Throws ATTEMPT_EXPIRED.
 */
export async function beginPasskeySignIn(deps: Deps, { holding }: { holding: Holding }): Promise<PasskeyOptions> {
  const found = await deps.db.read(async (sql) => {
    const attempt = (await findHeld(sql, holding))?.attempt
    if (attempt?.purpose !== 'signin' || !isOpen(attempt, deps.clock.now())) return undefined
    return { attempt, credentials: await allowedFor(deps, sql, attempt) }
  })
  if (!found) throw new AuthdError('ATTEMPT_EXPIRED')
  return await challenge(deps, { kind: 'signin', boundTo: found.attempt.id, allowCredentials: found.credentials })
}

/** Makes a challenge for the passkeys of a session's user. */
export async function beginPasskeyStepUp(deps: Deps, session: OwnedSession): Promise<PasskeyOptions> {
  const own = await deps.db.read((sql) => listPasskeys(sql, session.userId))
  return await challenge(deps, { kind: 'stepup', boundTo: session.id, allowCredentials: own.map(descriptor) })
}

/**
 * Signs in with a passkey, alone or after a first proof. The challenge is spent before the signature is checked, so that
 * each one has one try. Throws INVALID_CREDENTIALS for any fault.
 */
export async function redeemPasskey(
  deps: Deps,
  actor: Actor,
  { challengeId, credential, holding, replaces, device }: Redemption & PasskeyAnswer,
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const refused = notAccepted()
  const taken = await decide(deps, async (trx) => {
    const attempt = (await findHeld(trx, holding))?.attempt
    const asked = attempt && (await take(deps, trx, { challengeId, kind: 'signin', boundTo: attempt.id }))
    return attempt && asked !== undefined ? { attempt, asked } : refused
  })
  const isUserKnown = taken.attempt.userId !== null || taken.attempt.email !== null
  const checked = await check(deps, { credential, challenge: taken.asked, isUserKnown })
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const [held, user] = await Promise.all([findHeld(trx, holding), checked && lockUser(trx, checked.user.id)])
    const attempt = held?.attempt
    if (!attempt || attempt.id !== taken.attempt.id || !isOpen(attempt, deps.clock.now())) return refused
    if (!checked || !user || !isExpected(attempt, user) || !(await accept(deps, trx, actor, { user, checked }))) {
      await noteFailure(deps, trx, actor, { id: attempt.userId, email: attempt.email })
      return refused
    }
    const proven = { attempt, user, proof: 'passkey', method: 'passkey', replaces, device } as const
    return (await completeSignIn(deps, trx, actor, proven)) ?? refused
  })
  return await presentSignIn(deps, outcome)
}

/** Steps up with one of the user's passkeys. Throws INVALID_CREDENTIALS, UNAUTHORIZED. */
export async function stepUpWithPasskey(
  deps: Deps,
  actor: Actor,
  { session, challengeId, credential }: PasskeyAnswer & { session: OwnedSession },
): Promise<Renewed> {
  const asked = await deps.db.write((trx) => take(deps, trx, { challengeId, kind: 'stepup', boundTo: session.id }))
  const checked =
    asked === undefined ? undefined : await check(deps, { credential, challenge: asked, isUserKnown: true })
  return await finishStepUp(deps, actor, session, async (trx, { user }): Promise<'passkey' | AuthdError> => {
    const isOwn = checked !== undefined && checked.user.id === user.id
    if (isOwn && (await accept(deps, trx, actor, { user, checked }))) return 'passkey'
    await noteFailure(deps, trx, actor, user)
    return notAccepted()
  })
}

async function allowedFor(deps: Deps, sql: Sql, attempt: SigninAttempt) {
  if (attempt.userId !== null) return (await listPasskeys(sql, attempt.userId)).map(descriptor)
  if (attempt.email === null) return []
  const user = await findUserByEmail(sql, attempt.email)
  // Runs for unknown addresses too, so that both cases cost the same.
  const own = await listPasskeys(sql, user?.id ?? '')
  // Transports would reveal which credentials are real.
  const shown = shownCredentials(own.map(({ credentialId }) => credentialId))
  return shown.length > 0 ? shown : imaginaryCredentials(deps.keys, attempt.email)
}

function descriptor({ credentialId, transports }: Passkey): { id: string; transports: string[] } {
  return { id: credentialId, transports }
}

/** All proofs of an attempt are of one user: the user of the first proof, or of the address that was typed. */
function isExpected(attempt: SigninAttempt, user: User): boolean {
  if (attempt.userId !== null) return attempt.userId === user.id
  return attempt.email === null || attempt.email === user.email
}
