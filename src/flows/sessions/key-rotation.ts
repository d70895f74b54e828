import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, MINUTE } from '../../platform/clock.ts'
import { mintSecret } from '../../platform/secret.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import {
  cancelSigningKey,
  insertSigningKey,
  listSigningKeys,
  resumeSigningKey,
  retireAccessKeys,
  type SigningKey,
} from '../../store/signing-keys.ts'
import { type Actor, recordEvent, SYSTEM } from '../record-event.ts'
import { REFRESH_ROOT, standingOf } from './signing-key.ts'

type KeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** The longest life of an access token: the most that `tokens.access_ttl` may be, whatever it is or was. */
export const LONGEST_TOKEN_MS = 15 * MINUTE
/** How far clocks may be off. */
const LEEWAY_MS = MINUTE

/** Makes missing keys at the first start. Any number of processes may call it at once. */
export async function ensureKeys(deps: Deps): Promise<void> {
  const { algorithm } = deps.config.current().tokens
  const stored = await deps.db.read(listSigningKeys)
  if (!stored.some(({ purpose }) => purpose === 'refresh')) await makeRefreshRoot(deps)
  if (algorithm === 'HS256' || stored.some(({ purpose }) => purpose === 'access')) return
  await changeKeys(deps, SYSTEM, { algorithm, leadMs: 0, suffices: () => true })
}

/**
 * Follows a change of `tokens.algorithm` at the start of a daemon. Verifiers must learn a key of the new algorithm before
 * it signs. A waiting key of another algorithm never signs.
 */
export async function followAlgorithm(deps: Deps): Promise<void> {
  const { algorithm, keyLead: leadMs } = deps.config.current().tokens
  const { active, next } = standingOf(await deps.db.read(listSigningKeys), deps.clock.now())
  const isFollowed = algorithm === 'HS256' ? !next : (next ?? active)?.algorithm === algorithm
  if (isFollowed) return
  await changeKeys(deps, SYSTEM, { algorithm, leadMs, suffices: (key) => key.algorithm === algorithm })
}

export interface Rotation {
  kid: string
  algorithm: string
  /** False if a published key already waits to sign. */
  isChanged: boolean
  publishedAt: number
  signsFrom: number
  /** When the older keys stop verifying. Their last token has expired by then. */
  olderVerifyUntil: number
}

/**
 * Publishes a new key, which signs after `tokens.key_lead`, or at once with `isImmediate`. While a key waits to sign, no
 * other is made, unless it is to sign at once. Throws FAILED for HS256.
 */
export async function rotateKeys(
  deps: Deps,
  actor: Actor,
  { isImmediate }: { isImmediate: boolean },
): Promise<Rotation> {
  const { algorithm, keyLead } = deps.config.current().tokens
  if (algorithm === 'HS256') {
    throw new AuthdError('FAILED', {
      message: 'tokens.algorithm is HS256, so its secret is changed in the configuration.',
      suggestions: ['authd config reference tokens.hs256_secret'],
    })
  }
  // A key that would wait longer was made by a wrong clock, or under a longer lead.
  const isWaiting = (key: SigningKey) =>
    key.algorithm === algorithm && isAhead(deps.clock.now(), key.signsFrom, keyLead)
  return await changeKeys(deps, actor, {
    algorithm,
    leadMs: isImmediate ? 0 : keyLead,
    suffices: isImmediate ? () => false : isWaiting,
  })
}

interface KeyChange {
  algorithm: KeyAlgorithm | 'HS256'
  leadMs: number
  /** Says whether a key that waits or signs makes a new one unnecessary. */
  suffices: (key: SigningKey) => boolean
}

/**
 * Adds a key, unless the one that waits or the one that signs suffices. A waiting key that does not is cancelled. With
 * HS256 no key is added.
 */
async function changeKeys(deps: Deps, actor: Actor, change: KeyChange & { algorithm: KeyAlgorithm }): Promise<Rotation>
async function changeKeys(deps: Deps, actor: Actor, change: KeyChange): Promise<Rotation | undefined>
async function changeKeys(deps: Deps, actor: Actor, change: KeyChange): Promise<Rotation | undefined> {
  const made = await makeKey(deps, change)
  const rotation = await deps.db.write((trx) => changeKeysIn(deps, trx, actor, { ...change, made }))
  await deps.cache.refresh()
  return rotation
}

type NewKey = Awaited<ReturnType<typeof makeAccessKey>>

/** Makes a key outside of any unit, because that may take seconds. Undefined with HS256. */
export async function makeKey(deps: Deps, { algorithm }: Pick<KeyChange, 'algorithm'>): Promise<NewKey | undefined> {
  return algorithm === 'HS256' ? undefined : await makeAccessKey(deps, algorithm)
}

/** Signs with this key from now on, as a part of a unit. The caller refreshes the cache afterwards. */
export async function signAtOnceWith(deps: Deps, trx: Trx, actor: Actor, made: NewKey): Promise<void> {
  await changeKeysIn(deps, trx, actor, { made, leadMs: 0, suffices: () => false })
}

async function changeKeysIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { made, leadMs, suffices }: Omit<KeyChange, 'algorithm'> & { made: NewKey | undefined },
): Promise<Rotation | undefined> {
  // Taken once the key exists, because making one may take seconds.
  const now = deps.clock.now()
  // The topic's row is locked until the unit ends, so one process at a time changes keys.
  await bumpEpoch(trx, 'keys')
  const { active, next } = standingOf(await listSigningKeys(trx), now)
  if (next && suffices(next)) return rotationTo(next, { isChanged: false })
  if (next) {
    // Another process may have begun to sign with it, so it verifies as long as one token lives.
    await cancelSigningKey(trx, { kid: next.kid, verifiesUntil: endOfOlder(now) })
    const { kid, algorithm } = next
    await recordEvent(deps, trx, actor, { type: 'signing_key.cancelled', metadata: { kid, algorithm } })
  }
  if (active && (!made || suffices(active))) {
    await resumeSigningKey(trx, active.kid)
    return rotationTo(active, { isChanged: false })
  }
  if (!made) return undefined
  const key = { ...made, createdAt: now, signsFrom: now + leadMs }
  await insertSigningKey(trx, key)
  const verifiesUntil = endOfOlder(key.signsFrom)
  await retireAccessKeys(trx, { activeKid: active?.kid, exceptKid: key.kid, verifiesUntil })
  const metadata = { kid: key.kid, algorithm: key.algorithm }
  await recordEvent(deps, trx, actor, { type: 'signing_key.created', metadata })
  return rotationTo(key, { isChanged: true })
}

async function makeAccessKey(deps: Deps, algorithm: KeyAlgorithm) {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const privateText = JSON.stringify(await exportJWK(privateKey))
  const sealed = deps.keys.seal({ table: 'signing_keys', column: 'sealed', rowId: kid }, privateText)
  const publicText = JSON.stringify({ ...publicJwk, kid, alg: algorithm, use: 'sig' })
  return { kid, purpose: 'access', algorithm, publicJwk: publicText, sealed } as const
}

function rotationTo(
  { kid, algorithm, createdAt, signsFrom }: Pick<SigningKey, 'kid' | 'algorithm' | 'createdAt' | 'signsFrom'>,
  { isChanged }: { isChanged: boolean },
): Rotation {
  return { kid, algorithm, isChanged, publishedAt: createdAt, signsFrom, olderVerifyUntil: endOfOlder(signsFrom) }
}

/** The last token of an older key has expired by then, for a key that signs from this time on. */
function endOfOlder(signsFrom: number): number {
  return signsFrom + LONGEST_TOKEN_MS + LEEWAY_MS
}

async function makeRefreshRoot(deps: Deps): Promise<void> {
  const now = deps.clock.now()
  const sealed = deps.keys.seal(
    { table: 'signing_keys', column: 'sealed', rowId: REFRESH_ROOT },
    mintSecret(deps.random),
  )
  await deps.db.write(async (trx) => {
    const key = {
      kid: REFRESH_ROOT,
      purpose: 'refresh',
      algorithm: 'HMAC-SHA256',
      publicJwk: null,
    } as const
    await insertSigningKey(trx, {
      ...key,
      sealed,
      createdAt: now,
      signsFrom: now,
    })
  })
}
