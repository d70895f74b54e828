import { type CryptoKey, importJWK, type JWK } from 'jose'
import type { Deps } from '../../deps.ts'
import { isWithin, MINUTE, SECOND } from '../../platform/clock.ts'
import { type HmacKey, hmacKey } from '../../platform/secret.ts'
import type { Sql } from '../../store/db.ts'
import { listSigningKeys, type SigningKey } from '../../store/signing-keys.ts'

/** How long apps may cache the JWKS. */
export const JWKS_MAX_AGE_MS = 5 * MINUTE
/** Unknown keys are looked up in the database this often, so that tokens with made-up keys cost nothing. */
const LOOK_EVERY_MS = 2 * SECOND
export const REFRESH_ROOT = 'refresh-root'

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
export function standingOf<Key extends Timed>(keys: Key[], now: number): Standing<Key> {
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
  const keys = ring.access.filter((key) => verifiesAt(key, now)).map((key) => key.publicJwk)
  const known = published.get(ring)
  if (known?.keys.length === keys.length && keys.every((key, place) => key === known.keys[place])) return known
  const set = { keys }
  published.set(ring, set)
  return set
}

/** The last set of each keyring, so that it stays one object until a key comes or goes. */
const published = new WeakMap<Keyring, { keys: JWK[] }>()

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
