import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { parseCidr } from '../../platform/net/cidr.ts'
import { digest, mintSecret } from '../../platform/secret.ts'
import {
  type ApiKey,
  findApiKey,
  insertApiKey,
  listApiKeys,
  listScopesInForce,
  revokeApiKey,
} from '../../store/api-keys.ts'
import { decide } from '../decide.ts'
import { seldom } from '../limits/hourly-record.ts'
import { type Actor, recordEvent } from '../record-event.ts'

// Makes and revokes keys. sessions/identify.ts decides whether one is accepted.

/** The scopes of the admin API. */
export const ADMIN_SCOPES = [
  'users:read',
  'users:write',
  'sessions:read',
  'sessions:write',
  'audit:read',
  'ipfilters:read',
  'ipfilters:write',
  'webhooks:read',
  'webhooks:write',
  'mail:read',
  'mail:write',
  'settings:read',
  'settings:write',
] as const

/**
 * Everything that an API key can be allowed to do: the admin API, introspection, and signing users in from an app's
 * backend.
 */
export const SCOPES = [...ADMIN_SCOPES, 'introspect', 'signin'] as const
export type Scope = (typeof SCOPES)[number]
export type AdminScope = (typeof ADMIN_SCOPES)[number]

/** Sets of scopes, named after what their holder does. */
export const ROLES = {
  viewer: ADMIN_SCOPES.filter((scope) => scope.endsWith(':read')),
  support: ['users:read', 'users:write', 'sessions:read', 'sessions:write', 'audit:read', 'mail:read'],
  admin: [...ADMIN_SCOPES],
} as const satisfies Record<string, readonly AdminScope[]>

/** Says whether a valid key with an admin scope exists. Without one there is no admin API. */
export async function hasAdminKey(deps: Pick<Deps, 'db' | 'clock'>): Promise<boolean> {
  const inForce = await deps.db.read((sql) => listScopesInForce(sql, deps.clock.now()))
  return inForce.some(isAdminKey)
}

export function isAdminKey(scopes: readonly string[]): boolean {
  return scopes.some((scope) => (ADMIN_SCOPES as readonly string[]).includes(scope))
}

export interface NewApiKey {
  name: string
  scopes: Scope[]
  expiresAt: number | null
  /** The IP address or CIDR that the key must be used from. */
  network?: string | null
}

/**
 * Makes a key. Its token, `key_<id>.<secret>`, is returned once and not stored. Throws VALIDATION_ERROR for a wrong
 * network.
 */
export async function createApiKey(
  deps: Deps,
  actor: Actor,
  { name, scopes, expiresAt, network = null }: NewApiKey,
): Promise<{ key: ApiKey; token: string }> {
  const cidr = network === null ? null : parseCidr(network)?.cidr
  if (cidr === undefined) {
    throw new AuthdError('VALIDATION_ERROR', {
      message: `"${network}" is not an address or a network. Write 203.0.113.9 or 10.0.0.0/8.`,
    })
  }
  const id = deps.random.id('key')
  const secret = mintSecret(deps.random)
  const createdAt = deps.clock.now()
  const key = {
    id,
    name,
    secretDigest: digest(secret),
    scopes,
    createdAt,
    createdBy: actor.id,
    expiresAt,
    network: cidr?.text ?? null,
  }
  await deps.db.write(async (trx) => {
    await insertApiKey(trx, key)
    await recordEvent(deps, trx, actor, {
      type: 'api_key.created',
      metadata: { key_id: id, name, scopes, ...(key.network !== null && { network: key.network }) },
    })
  })
  return {
    key: { ...key, lastUsedAt: null, revokedAt: null },
    token: `${id}.${secret}`,
  }
}

export async function listKeysForApi(deps: Deps): Promise<ApiKey[]> {
  return await deps.db.read(listApiKeys)
}

/** Revokes a key. Revoking it again changes nothing. Throws API_KEY_NOT_FOUND. */
export async function endApiKey(deps: Deps, actor: Actor, id: string): Promise<{ key: ApiKey; isChanged: boolean }> {
  const now = deps.clock.now()
  return await decide(deps, async (trx) => {
    const isChanged = await revokeApiKey(trx, { id, now })
    const key = await findApiKey(trx, id)
    if (isChanged)
      await recordEvent(deps, trx, actor, {
        type: 'api_key.revoked',
        metadata: { key_id: id },
      })
    return key ? { key, isChanged } : notFound(id)
  })
}

/**
 * One key by its id, also a revoked one, or by a name that only one key in use has. Throws API_KEY_NOT_FOUND, or CONFLICT
 * with the ids of all that have the name.
 */
export async function namedApiKey(deps: Pick<Deps, 'db'>, name: string): Promise<ApiKey> {
  return await deps.db.read(async (sql) => {
    const key = await findApiKey(sql, name)
    if (key) return key
    const found = (await listApiKeys(sql)).filter((one) => one.name === name && one.revokedAt === null)
    const [only, ...others] = found
    if (only === undefined) throw notFound(name)
    if (others.length === 0) return only
    throw new AuthdError('CONFLICT', {
      message: `${found.length} API keys have the name "${name}". Give the id: ${found.map(({ id }) => id).join(', ')}.`,
      suggestions: ['authd api-keys list'],
    })
  })
}

function notFound(id: string): AuthdError {
  return new AuthdError('API_KEY_NOT_FOUND', { message: `No API key "${id}".`, suggestions: ['authd api-keys list'] })
}

/**
 * Returns a recorder for valid API keys used beyond their rights, because the holder tries something or somebody else
 * has the key. It records each key and reason at most once an hour.
 */
export function keyRefusalRecorder(
  deps: Deps,
): (actor: Actor, refused: { keyId: string; reason: string; call: string }) => Promise<void> {
  const isDue = seldom(deps.clock)
  return async (actor, { keyId, reason, call }) => {
    if (!isDue(`${keyId} ${reason}`)) return
    const event = { type: 'api_key.refused', outcome: 'failure', metadata: { reason, call } } as const
    await deps.db.write((trx) => recordEvent(deps, trx, { ...actor, id: `api-key:${keyId}` }, event))
  }
}
