import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, isWithin, MINUTE, SECOND } from '../../platform/clock.ts'
import { type HmacKey, hmacKey, mintSecret } from '../../platform/secret.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Sql } from '../../store/db.ts'
import {
  cancelSigningKey,
  insertSigningKey,
  listSigningKeys,
  resumeSigningKey,
  retireAccessKeys,
  type SigningKey,
} from '../../store/signing-keys.ts'
import { type Actor, recordEvent, SYSTEM } from '../record-event.ts'

export type KeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** How long apps may cache the JWKS. */
export const JWKS_MAX_AGE_MS = 5 * MINUTE
/** The longest life of an access token: the most that `tokens.access_ttl` may be, whatever it is or was. */
export const LONGEST_TOKEN_MS = 15 * MINUTE
/** How far clocks may be off. */
const LEEWAY_MS = MINUTE
/** Unknown keys are looked up in the database this often, so that tokens with made-up keys cost nothing. */
const LOOK_EVERY_MS = 2 * SECOND
const REFRESH_ROOT = 'refresh-root'

interface AccessKey extends Pick<SigningKey, 'purpose'> {
  kid: string
  algorithm: string
  signsFrom: number
  verifiesUntil: number | null
  publicJwk: JWK
  publicKey: CryptoKey
  privateKey: CryptoKey
}

export interface Keyring {
  /** Oldest first. */
  access: AccessKey[]
  refreshRoot: HmacKey
  /** The last time that an unknown key was looked up. */
  look: { at: number; done: Promise<void> }
}

export type KeyState = 'next' | 'active' | 'retiring' | 'retired'

/** The keys of this deployment, opened. They are cached until `keys rotate` bumps their epoch. */
export async function keyring(deps: Pick<Deps, 'cache' | 'keys'>): Promise<Keyring> {
  return await deps.cache.of('keys', (sql) => loadKeyring(deps, sql))
}

/** The key that signs now. */
export function signingKeyAt(ring: Keyring, now: number): AccessKey | undefined {
  return standingOf(ring.access, now).active
}

type Timed = Pick<SigningKey, 'purpose' | 'signsFrom' | 'verifiesUntil'>

interface Standing<Key> {
  active: Key | undefined
  next: Key | undefined
}

/**
 * The key that signs, and the one that waits to. The newest key, which no other has replaced, signs once its time has
 * come, and until then the one before, which ends last. Times do not say which is newest after a clock was set back.
 */
function standingOf<Key extends Timed>(keys: Key[], now: number): Standing<Key> {
  const signers = keys.filter(({ purpose }) => purpose === 'access')
  const newest = signers.find(({ verifiesUntil }) => verifiesUntil === null)
  const older = signers
    .filter((key) => key !== newest && verifiesAt(key, now))
    .sort((one, other) => Number(one.verifiesUntil) - Number(other.verifiesUntil))
  const before = older.findLast(({ signsFrom }) => signsFrom <= now) ?? older.at(-1)
  const isWaiting = newest !== undefined && before !== undefined && newest.signsFrom > now
  return isWaiting ? { active: before, next: newest } : { active: newest ?? before, next: undefined }
}

/**
 * The key that verifies tokens with this key id. An unknown one is looked up in the database, because another instance
 * may have made it a moment ago.
 */
export async function findVerificationKey(
  deps: Pick<Deps, 'cache' | 'keys'>,
  kid: string | undefined,
  now: number,
): Promise<AccessKey | undefined> {
  const ring = await keyring(deps)
  const known = verificationKeyAt(ring, kid, now)
  if (known || kid === undefined) return known
  if (!isWithin(now, ring.look.at, LOOK_EVERY_MS)) ring.look = { at: now, done: deps.cache.refresh() }
  // Parallel requests wait for the same look.
  await ring.look.done
  return verificationKeyAt(await keyring(deps), kid, now)
}

function verificationKeyAt(ring: Keyring, kid: string | undefined, now: number): AccessKey | undefined {
  return ring.access.find((key) => key.kid === kid && verifiesAt(key, now))
}

/** The public keys that verifiers need now, including the next one (RFC 7517). */
export async function jwks(deps: Deps): Promise<{ keys: JWK[] }> {
  const now = deps.clock.now()
  const ring = await keyring(deps)
  return {
    keys: ring.access.filter((key) => verifiesAt(key, now)).map((key) => key.publicJwk),
  }
}

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

export interface KeyListing {
  key: SigningKey
  state: KeyState
}

/** Newest first. Private keys stay sealed. */
export async function listKeys(deps: Deps): Promise<KeyListing[]> {
  const now = deps.clock.now()
  const keys = (await deps.db.read(listSigningKeys)).filter(({ purpose }) => purpose !== 'refresh')
  const { active, next } = standingOf(keys, now)
  const stateOf = (key: SigningKey): KeyState => {
    if (key === active) return 'active'
    if (key === next) return 'next'
    return verifiesAt(key, now) ? 'retiring' : 'retired'
  }
  return keys.reverse().map((key) => ({ key, state: stateOf(key) }))
}

function verifiesAt({ verifiesUntil }: { verifiesUntil: number | null }, now: number): boolean {
  return verifiesUntil === null || verifiesUntil > now
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
async function changeKeys(
  deps: Deps,
  actor: Actor,
  { algorithm, leadMs, suffices }: KeyChange,
): Promise<Rotation | undefined> {
  const made = algorithm === 'HS256' ? undefined : await makeAccessKey(deps, algorithm)
  // Taken once the key exists, because making one may take seconds.
  const now = deps.clock.now()
  const rotation = await deps.db.write(async (trx) => {
    // The topic's row is locked until the unit ends, so one process at a time changes keys.
    await bumpEpoch(trx, 'keys')
    const { active, next } = standingOf(await listSigningKeys(trx), now)
    if (next && suffices(next)) return rotationTo(next, { isChanged: false })
    if (next) {
      // Another process may have begun to sign with it, so it verifies as long as one token lives.
      await cancelSigningKey(trx, { kid: next.kid, verifiesUntil: endOfOlder(now) })
      const { kid, algorithm: unused } = next
      await recordEvent(deps, trx, actor, { type: 'signing_key.cancelled', metadata: { kid, algorithm: unused } })
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
  })
  await deps.cache.refresh()
  return rotation
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

async function loadKeyring(deps: Pick<Deps, 'keys'>, sql: Sql): Promise<Keyring> {
  const stored = await listSigningKeys(sql)
  const open = (key: SigningKey) =>
    deps.keys.open({ table: 'signing_keys', column: 'sealed', rowId: key.kid }, key.sealed)
  const root = stored.find(({ purpose }) => purpose === 'refresh')
  if (!root) throw new Error('no refresh root key: the database was not set up')
  const access: AccessKey[] = []
  for (const key of stored) {
    if (!key.publicJwk) continue
    const publicJwk = JSON.parse(key.publicJwk) as JWK
    const [publicKey, privateKey] = await Promise.all([
      importJWK(publicJwk, key.algorithm),
      importJWK(JSON.parse(open(key)) as JWK, key.algorithm),
    ])
    if (publicKey instanceof Uint8Array || privateKey instanceof Uint8Array) throw new Error('not an asymmetric key')
    const { kid, purpose, algorithm, signsFrom, verifiesUntil } = key
    access.push({
      kid,
      purpose,
      algorithm,
      signsFrom,
      verifiesUntil,
      publicJwk,
      publicKey,
      privateKey,
    })
  }
  return { access, refreshRoot: hmacKey(open(root)), look: { at: Number.NEGATIVE_INFINITY, done: Promise.resolve() } }
}
