import type { Deps } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import { digest, mintSecret } from '../platform/secret.ts'
import { type ApiKey, findApiKey, insertApiKey, listApiKeys, revokeApiKey } from '../store/api-keys.ts'
import { type Origin, recordEvent } from './event.ts'

/** What an API key may be for: asking what a token is worth; signing people in from an app's backend. */
export const SCOPES = ['introspect', 'signin'] as const
export type Scope = (typeof SCOPES)[number]

/** Makes a key; its token, `key_<id>.<secret>`, is told once and kept nowhere. */
export async function createApiKey(
  deps: Deps,
  origin: Origin,
  { name, scopes, expiresAt }: { name: string; scopes: Scope[]; expiresAt: number | null },
): Promise<{ key: ApiKey; token: string }> {
  const id = deps.random.id('key')
  const secret = mintSecret(deps.random)
  const createdAt = deps.clock.now()
  const key = {
    id,
    name,
    secretDigest: digest(secret),
    scopes,
    createdAt,
    createdBy: origin.actor,
    expiresAt,
  }
  await deps.db.write(async (trx) => {
    await insertApiKey(trx, key)
    await recordEvent(deps, trx, origin, {
      type: 'api_key.created',
      metadata: { key_id: id, name, scopes },
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

/** Ends a key at once; doing it again changes nothing. */
export async function endApiKey(deps: Deps, origin: Origin, id: string): Promise<{ key: ApiKey; isChanged: boolean }> {
  const now = deps.clock.now()
  const verdict = await deps.db.write(async (trx) => {
    const isChanged = await revokeApiKey(trx, { id, now })
    const key = await findApiKey(trx, id)
    if (isChanged)
      await recordEvent(deps, trx, origin, {
        type: 'api_key.revoked',
        metadata: { key_id: id },
      })
    return key && { key, isChanged }
  })
  if (verdict) return verdict
  throw new AuthdError('API_KEY_NOT_FOUND', {
    message: `No API key "${id}".`,
    suggestions: ['authd api-keys list'],
  })
}
