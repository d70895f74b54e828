import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { MINUTE } from '../../platform/clock.ts'
import { equalSecrets } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { type ChallengeKind, insertPasskeyChallenge, takePasskeyChallenge } from '../../store/passkey-challenges.ts'
import { findPasskeyByCredential, listPasskeys, type Passkey, recordPasskeyUse } from '../../store/passkeys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import type { SigninAttempt } from '../../store/signin-attempts.ts'
import { findUser, findUserByEmail, lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { type Actor, type Event, recordEvent } from '../record-event.ts'
import type { Renewed } from '../sessions/renewal.ts'
import { findHeld, type Holding, isOpen } from '../signin/attempt.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import type { Redemption } from '../signin/link.ts'
import { imaginaryCredentials } from './imaginary-credential.ts'
import { type Assertion, checkAssertion, library, relyingParty } from './passkey-check.ts'
import { finishStepUp } from './step-up.ts'

const CHALLENGE_TTL_MS = 5 * MINUTE
const CHALLENGE_BYTES = 32

/** What a browser needs to call an authenticator, in the names of WebAuthn. */
export interface PasskeyOptions {
  challengeId: string
  options: object
  expiresAt: number
}

/** An authenticator's answer, not verified yet. */
export interface PasskeyAnswer {
  challengeId: string
  credential: unknown
}

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
 * Signs in with a passkey, alone or after a first proof. Throws INVALID_CREDENTIALS for any fault; the challenge is
 * spent either way.
 */
export async function redeemPasskey(
  deps: Deps,
  actor: Actor,
  { challengeId, credential, holding, replaces, device }: Redemption & PasskeyAnswer,
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const refused = new AuthdError('INVALID_CREDENTIALS', { message: NOT_ACCEPTED })
  const taken = await decide(deps, async (trx) => {
    const attempt = (await findHeld(trx, holding))?.attempt
    const asked = attempt && (await take(deps, trx, { challengeId, kind: 'signin', boundTo: attempt.id }))
    return attempt && asked !== undefined ? { attempt, asked } : refused
  })
  const isUserKnown = taken.attempt.userId !== null || taken.attempt.email !== null
  const checked = await check(deps, { credential, challenge: taken.asked, isUserKnown })
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const attempt = (await findHeld(trx, holding))?.attempt
    if (!attempt || attempt.id !== taken.attempt.id || !isOpen(attempt, deps.clock.now())) return refused
    const user = checked && (await lockUser(trx, checked.user.id))
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
    return new AuthdError('INVALID_CREDENTIALS')
  })
}

const NOT_ACCEPTED = 'That passkey did not work. Try again, or use another way to sign in.'

/** Stores a challenge, and makes the options that carry it. */
async function challenge(
  deps: Deps,
  {
    kind,
    boundTo,
    allowCredentials,
  }: { kind: ChallengeKind; boundTo: string; allowCredentials: { id: string; transports?: string[] }[] },
): Promise<PasskeyOptions> {
  const { generateAuthenticationOptions } = await library()
  const { challengeId, bytes, text, expiresAt } = newChallenge(deps)
  await deps.db.write((trx) =>
    insertPasskeyChallenge(trx, { id: challengeId, kind, boundTo, challenge: text, expiresAt }),
  )
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(deps.config.current()).rpId,
    challenge: bytes,
    allowCredentials,
    userVerification: 'required',
    timeout: CHALLENGE_TTL_MS,
  })
  return { challengeId, options, expiresAt }
}

export function newChallenge(deps: Pick<Deps, 'random' | 'clock'>) {
  const bytes = new Uint8Array(deps.random.bytes(CHALLENGE_BYTES))
  return {
    challengeId: deps.random.id('pkc'),
    bytes,
    text: Buffer.from(bytes).toString('base64url'),
    expiresAt: deps.clock.now() + CHALLENGE_TTL_MS,
  }
}

/**
 * Spends a challenge, whatever the answer is worth. Returns its text if it has this kind and binding and has not
 * expired.
 */
export async function take(
  deps: Pick<Deps, 'clock'>,
  trx: Trx,
  { challengeId, kind, boundTo }: { challengeId: string; kind: ChallengeKind; boundTo: string },
): Promise<string | undefined> {
  return await takePasskeyChallenge(trx, {
    id: challengeId,
    kind,
    boundTo,
    now: deps.clock.now(),
    ttlMs: CHALLENGE_TTL_MS,
  })
}

async function allowedFor(deps: Deps, sql: Sql, attempt: SigninAttempt) {
  if (attempt.userId !== null) return (await listPasskeys(sql, attempt.userId)).map(descriptor)
  if (attempt.email === null) return []
  const user = await findUserByEmail(sql, attempt.email)
  // Runs for unknown addresses too, so that both cases cost the same.
  const own = await listPasskeys(sql, user?.id ?? '')
  // Transports would reveal which credentials are real.
  return own.length > 0 ? own.map(({ credentialId: id }) => ({ id })) : imaginaryCredentials(deps.keys, attempt.email)
}

function descriptor({ credentialId, transports }: Passkey): { id: string; transports: string[] } {
  return { id: credentialId, transports }
}

interface Checked {
  passkey: Passkey
  user: User
  assertion: Assertion
}

/**
 * The passkey that answered, and its user, if the answer is right. Runs outside of any unit, because signatures take
 * time.
 */
async function check(
  deps: Deps,
  { credential, challenge: asked, isUserKnown }: { credential: unknown; challenge: string; isUserKnown: boolean },
): Promise<Checked | undefined> {
  const { id, response } = (credential ?? {}) as { id?: unknown; response?: { userHandle?: unknown } }
  if (typeof id !== 'string') return undefined
  const known = await deps.db.read(async (sql) => {
    const passkey = await findPasskeyByCredential(sql, id)
    const user = passkey && (await findUser(sql, passkey.userId))
    return passkey && user && { passkey, user }
  })
  if (!known || !isHandleOf(known.user, response?.userHandle, isUserKnown)) return undefined
  const party = relyingParty(deps.config.current())
  const assertion = await checkAssertion(party, { response: credential, challenge: asked, passkey: known.passkey })
  return assertion && { ...known, assertion }
}

/**
 * Whether the user handle is the owner's. Only a user who was known before may leave it out: otherwise nothing but the
 * credential id, which is public, would say who signs in (WebAuthn L3 §7.2 step 6).
 */
function isHandleOf({ webauthnUserId }: User, handle: unknown, isUserKnown: boolean): boolean {
  if (handle === undefined || handle === null || handle === '') return isUserKnown
  return typeof handle === 'string' && webauthnUserId !== null && equalSecrets(handle, webauthnUserId)
}

/** All proofs of an attempt are of one user: the user of the first proof, or of the address that was typed. */
function isExpected(attempt: SigninAttempt, user: User): boolean {
  if (attempt.userId !== null) return attempt.userId === user.id
  return attempt.email === null || attempt.email === user.email
}

/**
 * Checks, in the unit that locks the user, that the passkey is still theirs and that its counter moved on. A counter
 * that went back rejects a passkey that cannot be copied; for a synced one it is recorded only (§7.2 step 22).
 */
async function accept(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, checked }: { user: User; checked: Checked },
): Promise<boolean> {
  const passkey = await findPasskeyByCredential(trx, checked.passkey.credentialId)
  if (passkey?.userId !== user.id) return false
  const { counter, isBackedUp } = checked.assertion
  const isRegression = (counter > 0 || passkey.counter > 0) && counter <= passkey.counter
  const isRefused = isRegression && !passkey.isBackupEligible
  if (isRegression) {
    await recordEvent(deps, trx, actor, {
      type: 'webauthn.counter_regressed',
      outcome: isRefused ? 'failure' : 'success',
      user,
      metadata: { passkey: passkey.id, counter, known: passkey.counter },
    })
  }
  if (isRefused) return false
  await recordPasskeyUse(trx, { id: passkey.id, counter, isBackedUp, now: deps.clock.now() })
  return true
}

async function noteFailure(deps: Deps, trx: Trx, actor: Actor, user: NonNullable<Event['user']>): Promise<void> {
  const metadata = { method: 'passkey', reason: 'not_accepted' }
  await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', outcome: 'failure', user, metadata })
}
