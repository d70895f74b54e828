import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isAhead, isWithin, MINUTE, SECOND } from '../../platform/clock.ts'
import { type HmacKey, hmacKey, mintSecret } from '../../platform/secret.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Sql } from '../../store/db.ts'
import { insertSigningKey, listSigningKeys, retireAccessKeys, type SigningKey } from '../../store/signing-keys.ts'
import { type Actor, recordEvent, SYSTEM } from '../record-event.ts'

export type KeyAlgorithm = 'ES256' | 'EdDSA' | 'RS256'

/** How long apps may cache the JWKS. */
export const JWKS_MAX_AGE_MS = 5 * MINUTE
/** How far clocks may be off. */
const LEEWAY_MS = MINUTE
/** Unknown keys are looked up in the database this often, so that tokens with made-up keys cost nothing. */
const LOOK_EVERY_MS = 2 * SECOND
const REFRESH_ROOT = 'refresh-root'

interface AccessKey {
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
  return activeOf(ring.access, now)
}

/**
 * The newest key once its time has come, and until then the one before. The newest is the one that no other has
 * replaced: after a clock was set back, times do not say it.
 */
function activeOf<Key extends Pick<AccessKey, 'signsFrom' | 'verifiesUntil'>>(
  keys: Key[],
  now: number,
): Key | undefined {
  const newest = keys.find(({ verifiesUntil }) => verifiesUntil === null)
  if (newest && newest.signsFrom <= now) return newest
  const before = keys.filter((key) => key !== newest && verifiesAt(key, now))
  return before.findLast(({ signsFrom }) => signsFrom <= now) ?? before.at(-1) ?? newest
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
  if (algorithm === 'HS256' || newestOf(stored)?.algorithm === algorithm) return
  // Verifiers know the key of another algorithm. They must learn the new one before it signs.
  const isFirst = newestOf(stored) === undefined
  const leadMs = isFirst ? 0 : deps.config.current().tokens.keyLead
  await addAccessKey(deps, SYSTEM, { algorithm, leadMs, suffices: (newest) => newest.algorithm === algorithm })
}

/** The key that no other has replaced. */
function newestOf(stored: SigningKey[]): SigningKey | undefined {
  return stored.find(({ purpose, verifiesUntil }) => purpose === 'access' && verifiesUntil === null)
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
  const isWaiting = (newest: SigningKey) =>
    newest.algorithm === algorithm && isAhead(deps.clock.now(), newest.signsFrom, keyLead)
  return await addAccessKey(deps, actor, {
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
  const access = (await deps.db.read(listSigningKeys)).filter(({ purpose }) => purpose === 'access')
  const active = activeOf(access, now)
  return access.reverse().map((key) => ({ key, state: stateOf(key, active, now) }))
}

function stateOf(key: SigningKey, active: SigningKey | undefined, now: number): KeyState {
  if (key.kid === active?.kid) return 'active'
  // While the newest key signs, no other waits: it has overtaken those that were to sign later.
  const isWaiting = key.signsFrom > now && active?.verifiesUntil !== null
  if (isWaiting) return 'next'
  return verifiesAt(key, now) ? 'retiring' : 'retired'
}

function verifiesAt({ verifiesUntil }: { verifiesUntil: number | null }, now: number): boolean {
  return verifiesUntil === null || verifiesUntil > now
}

/** Adds a key, unless the newest one suffices. */
async function addAccessKey(
  deps: Deps,
  actor: Actor,
  {
    algorithm,
    leadMs,
    suffices,
  }: { algorithm: KeyAlgorithm; leadMs: number; suffices: (newest: SigningKey) => boolean },
): Promise<Rotation> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, {
    extractable: true,
  })
  const publicJwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(publicJwk)
  const privateText = JSON.stringify(await exportJWK(privateKey))
  const sealed = deps.keys.seal({ table: 'signing_keys', column: 'sealed', rowId: kid }, privateText)
  // Taken once the key exists, because making one may take seconds.
  const now = deps.clock.now()
  const signsFrom = now + leadMs
  const publicText = JSON.stringify({
    ...publicJwk,
    kid,
    alg: algorithm,
    use: 'sig',
  })
  const made: Rotation = {
    ...{ kid, algorithm, isChanged: true, publishedAt: now, signsFrom },
    olderVerifyUntil: olderVerifyUntil(deps, signsFrom),
  }
  const rotation = await deps.db.write(async (trx) => {
    // The topic's row is locked until the unit ends, so one process at a time changes keys.
    await bumpEpoch(trx, 'keys')
    const newest = newestOf(await listSigningKeys(trx))
    if (newest && suffices(newest)) return unchanged(deps, newest)
    await insertSigningKey(trx, {
      kid,
      purpose: 'access',
      algorithm,
      publicJwk: publicText,
      sealed,
      createdAt: now,
      signsFrom,
    })
    await retireAccessKeys(trx, {
      exceptKid: kid,
      verifiesUntil: made.olderVerifyUntil,
    })
    await recordEvent(deps, trx, actor, {
      type: 'signing_key.created',
      metadata: { kid, algorithm },
    })
    return made
  })
  await deps.cache.refresh()
  return rotation
}

/** The last token of an older key has expired by then. */
function olderVerifyUntil(deps: Deps, signsFrom: number): number {
  return signsFrom + deps.config.current().tokens.accessTtl + LEEWAY_MS
}

function unchanged(deps: Deps, { kid, algorithm, createdAt, signsFrom }: SigningKey): Rotation {
  const older = olderVerifyUntil(deps, signsFrom)
  return { kid, algorithm, isChanged: false, publishedAt: createdAt, signsFrom, olderVerifyUntil: older }
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
    if (key.purpose !== 'access' || !key.publicJwk) continue
    const publicJwk = JSON.parse(key.publicJwk) as JWK
    const [publicKey, privateKey] = await Promise.all([
      importJWK(publicJwk, key.algorithm),
      importJWK(JSON.parse(open(key)) as JWK, key.algorithm),
    ])
    if (publicKey instanceof Uint8Array || privateKey instanceof Uint8Array) throw new Error('not an asymmetric key')
    const { kid, algorithm, signsFrom, verifiesUntil } = key
    access.push({
      kid,
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
