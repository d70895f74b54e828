import type { Deps } from '../../deps.ts'
import { MINUTE } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import { type ChallengeKind, insertPasskeyChallenge, takePasskeyChallenge } from '../../store/passkey-challenges.ts'
import { library, relyingParty } from './webauthn.ts'

export const CHALLENGE_TTL_MS = 5 * MINUTE
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
 * Stores a challenge, and makes the options that carry it. `boundTo` is the id of an attempt or session, which only one
 * browser holds, so the answer counts in that browser only.
 */
export async function challenge(
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
