import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { authenticatorName } from '../../platform/authenticator-name.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import { insertPasskeyChallenge } from '../../store/passkey-challenges.ts'
import { findPasskeyByCredential, insertPasskey, listPasskeys, type Passkey } from '../../store/passkeys.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { takeWebauthnUserId } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdToEnrol } from '../sessions/freshness.ts'
import { type Renewed, renew } from '../sessions/new-secret.ts'
import { isImaginary } from './imaginary-credential.ts'
import { newChallenge, type PasskeyAnswer, type PasskeyOptions, take } from './passkey-challenge.ts'
import { ALGORITHMS, checkRegistration, library, relyingParty } from './webauthn.ts'

/** Of one user. */
export const PASSKEYS_MAX = 50
const USER_ID_BYTES = 32

/**
 * Options for a new passkey: discoverable, with user verification, and on an authenticator without one. Throws
 * STEP_UP_REQUIRED, CONFLICT.
 */
export async function beginPasskeyEnrolment(deps: Deps, session: OwnedSession): Promise<PasskeyOptions> {
  const { app, ...config } = deps.config.current()
  const { rpId } = relyingParty(config)
  const { generateRegistrationOptions } = await library()
  const fresh = deps.random.bytes(USER_ID_BYTES).toString('base64url')
  const { challengeId, bytes, text, expiresAt } = newChallenge(deps)
  const held = await decide(deps, async (trx) => {
    const held = await holdToEnrol(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const asked = { id: challengeId, kind: 'enrolment', boundTo: session.id, challenge: text, expiresAt } as const
    await insertPasskeyChallenge(trx, asked)
    const handle = await takeWebauthnUserId(trx, { id: session.userId, fresh })
    return { user, handle, own: await listPasskeys(trx, user.id) }
  })
  if (held.own.length >= PASSKEYS_MAX) throw tooMany()
  const options = await generateRegistrationOptions({
    rpName: app.name,
    rpID: rpId,
    userID: new Uint8Array(Buffer.from(held.handle, 'base64url')),
    userName: held.user.emailTyped,
    userDisplayName: held.user.name ?? held.user.emailTyped,
    challenge: bytes,
    timeout: expiresAt - deps.clock.now(),
    attestationType: 'none',
    excludeCredentials: held.own.map(({ credentialId: id, transports }) => ({ id, transports })),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
  })
  return { challengeId, options, expiresAt }
}

/** Adds the passkey that answered. Throws PASSKEY_NOT_ACCEPTED for any fault, STEP_UP_REQUIRED, CONFLICT. */
export async function enrolPasskey(
  deps: Deps,
  actor: Actor,
  { session, challengeId, credential, name }: PasskeyAnswer & { session: OwnedSession; name: string | undefined },
): Promise<{ passkey: Passkey; renewed: Renewed }> {
  const refused = new AuthdError('PASSKEY_NOT_ACCEPTED')
  const asked = { challengeId, kind: 'enrolment', boundTo: session.id } as const
  const challenge = await decide(deps, async (trx) => (await take(deps, trx, asked)) ?? refused)
  const party = relyingParty(deps.config.current())
  const made = await checkRegistration(party, { response: credential, challenge })
  if (!made) throw refused
  const id = deps.random.id('pk')
  const createdAt = deps.clock.now()
  return await decide(deps, async (trx) => {
    const held = await holdToEnrol(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const own = await listPasskeys(trx, user.id)
    if (own.length >= PASSKEYS_MAX) return tooMany()
    const named = name?.trim() || freeName(defaultName(made.aaguid, actor), own)
    const passkey = { id, userId: user.id, ...made, name: named, createdAt }
    const isTaken = (await findPasskeyByCredential(trx, made.credentialId)) !== undefined
    if (isImaginary(deps.keys, made.credentialId) || isTaken || !(await insertPasskey(trx, passkey))) return refused
    const metadata = { passkey: id, name: named, synced: made.isBackupEligible }
    await recordEvent(deps, trx, actor, { type: 'webauthn.registered', user, sessionId: session.id, metadata })
    await notify(deps, trx, actor, { user, template: 'passkey_added', values: { name: named } })
    const renewed = await renew(deps, trx, { session: held.session, proof: 'passkey' })
    return { passkey: { ...passkey, lastUsedAt: null }, renewed }
  })
}

function tooMany(): AuthdError {
  return new AuthdError('CONFLICT', { message: `You have ${PASSKEYS_MAX} passkeys. Remove one first.` })
}

/** The name of the maker, or of the device. */
function defaultName(aaguid: string, actor: Actor): string {
  return authenticatorName(aaguid) ?? describeUserAgent(actor.userAgent) ?? 'Passkey'
}

function freeName(wanted: string, own: Passkey[]): string {
  const taken = new Set(own.map(({ name }) => name))
  const numbered = Array.from({ length: own.length + 1 }, (_, n) => (n === 0 ? wanted : `${wanted} ${n + 1}`))
  return numbered.find((name) => !taken.has(name)) ?? wanted
}
