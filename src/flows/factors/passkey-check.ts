import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { equalSecrets } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import { findPasskeyByCredential, type Passkey, recordPasskeyUse } from '../../store/passkeys.ts'
import { findUser, type User } from '../../store/users.ts'
import { type Actor, type Event, recordEvent } from '../record-event.ts'
import { type Assertion, checkAssertion, relyingParty } from './webauthn.ts'

export interface Checked {
  passkey: Passkey
  user: User
  assertion: Assertion
}

/**
 * The passkey that answered, and its user, if the answer is right. The caller has spent the challenge. Runs outside of
 * any unit, because signatures take time.
 */
export async function check(
  deps: Deps,
  { credential, challenge: asked, isUserKnown }: { credential: unknown; challenge: string; isUserKnown: boolean },
): Promise<Checked | undefined> {
  const { id, response } = (credential ?? {}) as { id?: unknown; response?: { userHandle?: unknown } }
  if (typeof id !== 'string') return undefined
  // An unknown id costs the same statements and the same verification, so the time does not tell which ids are real.
  const { passkey, user } = await deps.db.read(async (sql) => {
    const passkey = await findPasskeyByCredential(sql, id)
    return { passkey, user: await findUser(sql, passkey?.userId ?? '') }
  })
  const party = relyingParty(deps.config.current())
  const against = passkey ?? { ...DECOY, credentialId: id }
  const assertion = await checkAssertion(party, { response: credential, challenge: asked, passkey: against })
  if (!passkey || !user || !assertion || !isHandleOf(user, response?.userHandle, isUserKnown)) return undefined
  return { passkey, user, assertion }
}

/** The key of RFC 6979 §A.2.5 as COSE, since any valid key will do: an answer to an unknown id is never accepted. */
const DECOY = {
  publicKey: Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6', 'hex'),
    Buffer.from('225820', 'hex'),
    Buffer.from('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299', 'hex'),
  ]).toString('base64url'),
  isBackupEligible: true,
}

/**
 * Whether the user handle is the owner's. Only a user who was known before may leave it out: otherwise nothing but the
 * credential id, which is public, would say who signs in (WebAuthn L3 §7.2 step 6).
 */
function isHandleOf({ webauthnUserId }: User, handle: unknown, isUserKnown: boolean): boolean {
  if (handle === undefined || handle === null || handle === '') return isUserKnown
  return typeof handle === 'string' && webauthnUserId !== null && equalSecrets(handle, webauthnUserId)
}

/**
 * Checks, in the unit that locks the user, that the passkey is still theirs and that its counter moved on. A counter
 * that went back rejects a passkey that cannot be copied; for a synced one it is recorded only (§7.2 step 22).
 */
export async function accept(
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

export async function noteFailure(deps: Deps, trx: Trx, actor: Actor, user: NonNullable<Event['user']>): Promise<void> {
  const metadata = { method: 'passkey', reason: 'not_accepted' }
  await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', outcome: 'failure', user, metadata })
}

/** The same for every fault. */
export function notAccepted(): AuthdError {
  return new AuthdError('INVALID_CREDENTIALS', { message: 'That passkey did not work. Try again, or use another way.' })
}
