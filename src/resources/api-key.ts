import { toRfc3339 } from '../platform/clock.ts'
import type { ApiKey } from '../store/api-keys.ts'

/** An API key without its secret. */
export interface ApiKeyResource {
  id: string
  name: string
  scopes: string[]
  created_at: string
  created_by: string
  expires_at: string | null
  network: string | null
  last_used_at: string | null
  revoked: boolean
}

export function presentApiKey(key: ApiKey): ApiKeyResource {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    created_at: toRfc3339(key.createdAt),
    created_by: key.createdBy,
    expires_at: key.expiresAt === null ? null : toRfc3339(key.expiresAt),
    network: key.network,
    last_used_at: key.lastUsedAt === null ? null : toRfc3339(key.lastUsedAt),
    revoked: key.revokedAt !== null,
  }
}
