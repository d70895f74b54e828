import type { Deps } from '../../deps.ts'
import { MINUTE } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import type { Session } from '../../store/sessions.ts'
import {
  addProof,
  completeSigninAttempt,
  findSigninAttempt,
  type Proof,
  type SigninAttempt,
} from '../../store/signin-attempts.ts'
import { insertUser, lockUserByEmail, recordSignIn, type User, verifyUserEmail } from '../../store/users.ts'
import {
  acceptedFactors,
  amrOf,
  enrolledFactors,
  type Factor,
  levelOf,
  policyFor,
  whatIsDue,
} from '../policy/factor.ts'
import { knowDevice } from '../policy/known-device.ts'
import { maySignIn } from '../policy/signup.ts'
import { type Actor, type Event, recordEvent } from '../record-event.ts'
import type { Bearers } from '../sessions/bearers.ts'
import { endSessionsIn } from '../sessions/end-session.ts'
import { tokensFor } from '../sessions/new-secret.ts'
import { notYouLink } from '../sessions/not-you.ts'
import { keyring } from '../sessions/signing-key.ts'
import { startSession } from '../sessions/start-session.ts'
import type { Tokens } from '../sessions/token.ts'
import { dropUnproven } from './first-verified-address.ts'

/** The least time for the second proof. */
const SECOND_FACTOR_MS = 5 * MINUTE

export interface Completion {
  attempt: SigninAttempt
  /** The user, locked by this unit. Undefined if nobody has the address yet. */
  user: User | undefined
  /** The new proof. */
  proof: Proof
  /** How it was proven, for the audit log. */
  method: 'magic_link' | 'email_code' | 'passkey' | 'totp' | 'recovery_code' | 'recovery_link'
  /** The browser's live session, which this sign-in replaces. */
  replaces?: Pick<Session, 'id'> | undefined
  device?: string | undefined
}

export interface SignedIn extends Bearers {
  kind: 'signed_in'
  session: Session
  user: User
  attempt: SigninAttempt
  device: string | undefined
  /** The user had not signed in on this browser before. */
  isNewDevice: boolean
}

/** The first proof was right and another is due. The attempt stays open. */
export interface FactorDue {
  kind: 'factor_due'
  attempt: SigninAttempt
  factors: Factor[]
}

export type SignInOutcome = SignedIn | FactorDue

/**
 * The one ending of every method, and the only place that starts sessions: at most once per attempt, and only if the
 * factor policy asks for nothing more. Called in the unit that checked the proof. Returns undefined if it is refused
 * whatever the proof: a disabled user, a closed sign-up, a completed attempt, a proof of another user. The audit log has
 * the reason.
 */
export async function completeSignIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt: given, user: known, proof, method, replaces, device }: Completion,
): Promise<SignInOutcome | undefined> {
  const now = deps.clock.now()
  let attempt = given
  if (attempt.purpose !== 'signin') throw new Error('an attempt with another purpose cannot sign in')
  const user = known ?? (await makeUser(deps, trx, actor, attempt))
  const refuse = (reason: string) =>
    noteRefusal(deps, trx, actor, { user: user ?? { email: attempt.email }, method, reason })
  const reason = whyRefused(deps, user)
  if (!user || reason) return await refuse(reason ?? 'not_allowed')
  if (attempt.userId !== null && attempt.userId !== user.id) return await refuse('other_person')
  const by = { ...actor, id: `user:${user.id}` }
  if (proof === 'email' && user.emailVerifiedAt === null) {
    await verifyAddress(deps, trx, by, user)
    // The factor that it proved before may be gone.
    attempt = (await findSigninAttempt(trx, given.id)) ?? given
  }

  const proofs = [...new Set([...attempt.proofs, proof])]
  const due = whatIsDue(proofs, await enrolledFactors(trx, user.id), policyFor(deps, user))
  if (due === 'factor') {
    return (await askForFactor(deps, trx, by, { attempt, user, proofs, method })) ?? (await refuse('attempt_over'))
  }
  const completed = await completeSigninAttempt(trx, { id: attempt.id, before: attempt.proofs, now })
  if (!completed) return await refuse('attempt_over')
  await recordSignIn(trx, { id: user.id, now, lang: attempt.lang })
  if (replaces) await endSessionsIn(deps, trx, actor, { filter: { ids: [replaces.id] }, reason: 'replaced' })
  const { deliver: delivery } = attempt
  const started = await startSession(deps, trx, by, {
    user,
    delivery,
    amr: amrOf(proofs),
    aal: levelOf(proofs),
    isEnrolmentDue: due === 'enrolment',
    epoch: completed.sessionEpoch,
  })
  await recordEvent(deps, trx, by, {
    type: 'user.authenticated',
    user,
    sessionId: started.session.id,
    metadata: { method },
  })
  const browser = await knowDevice(deps, trx, by, {
    ...{ user, delivery, device },
    notYouLink: notYouLink(deps, started.session.id),
  })
  return {
    kind: 'signed_in',
    ...started,
    user,
    attempt,
    device: delivery === 'cookie' ? browser.token : undefined,
    isNewDevice: browser.isNew,
  }
}

/** Why a user cannot sign in, whatever they prove. Undefined if they can. */
export function whyRefused(
  deps: Pick<Deps, 'config' | 'clock'>,
  user: User | undefined,
): 'disabled' | 'not_allowed' | undefined {
  if (user && maySignIn(deps, user.email, user)) return undefined
  return user && user.disabledAt !== null ? 'disabled' : 'not_allowed'
}

/**
 * Inserts a user if the sign-up policy allows it, and locks the row. If a parallel request inserted it first, returns
 * that one.
 */
async function makeUser(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { email, emailTyped }: Pick<SigninAttempt, 'email' | 'emailTyped'>,
): Promise<User | undefined> {
  if (email === null || !maySignIn(deps, email, undefined)) return undefined
  const now = deps.clock.now()
  const id = deps.random.id('usr')
  const row = { id, email, emailTyped: emailTyped ?? email, name: null, emailVerifiedAt: now, createdAt: now }
  const [isMade, user] = await Promise.all([insertUser(trx, row), lockUserByEmail(trx, email)])
  if (isMade) await recordEvent(deps, trx, { ...actor, id: `user:${id}` }, { type: 'user.registered', user: row })
  return user
}

/** The first proof of an address that an operator set. */
async function verifyAddress(deps: Deps, trx: Trx, actor: Actor, user: User): Promise<void> {
  if (!(await verifyUserEmail(trx, { id: user.id, now: deps.clock.now() }))) return
  const dropped = await dropUnproven(deps, trx, actor, { user })
  await recordEvent(deps, trx, actor, { type: 'user.email_verified', user, metadata: { dropped } })
}

async function askForFactor(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt, user, proofs, method }: Pick<Completion, 'attempt' | 'method'> & { user: User; proofs: Proof[] },
): Promise<FactorDue | undefined> {
  const now = deps.clock.now()
  const until = now + SECOND_FACTOR_MS
  const proven = { id: attempt.id, userId: user.id, proofs, before: attempt.proofs, now, until }
  if (!(await addProof(trx, proven))) return undefined
  await recordEvent(deps, trx, actor, { type: 'user.factor_due', user, metadata: { method } })
  const next = { ...attempt, userId: user.id, proofs, expiresAt: Math.max(attempt.expiresAt, until) }
  return { kind: 'factor_due', attempt: next, factors: await acceptedFactors(trx, user.id, proofs) }
}

async function noteRefusal(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, ...metadata }: { user: NonNullable<Event['user']>; method: string; reason: string },
): Promise<undefined> {
  await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', outcome: 'failure', user, metadata })
}

export type SignInResult =
  | { status: 'complete'; signedIn: SignedIn; tokens: Tokens | undefined }
  | { status: 'factor_required'; attempt: SigninAttempt; factors: Factor[] }
  | { status: 'continue_elsewhere' }

/** Signs the tokens and makes the result, after the unit. */
export async function presentSignIn(deps: Deps, outcome: SignInOutcome): Promise<SignInResult> {
  if (outcome.kind === 'factor_due') {
    return { status: 'factor_required', attempt: outcome.attempt, factors: outcome.factors }
  }
  return { status: 'complete', signedIn: outcome, tokens: await tokensFor(deps, outcome) }
}

/** Loads what presentSignIn needs, before anything is spent. */
export async function prepareSignIn(deps: Deps): Promise<void> {
  await keyring(deps)
}
