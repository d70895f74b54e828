import type { Config } from '../../config/schema.ts'
import { digest } from '../../platform/secret.ts'
import type { AccessClaims } from './access-token.ts'

/** Some megabytes. What is pushed out is only verified anew. */
const MAX_TOKENS = 5_000

/** By the settings that tokens were judged by; then the claims by the digest of a token, oldest first. */
const memories = new WeakMap<Config, Map<string, AccessClaims>>()

/**
 * The claims of a token that was good in everything before, under the same settings. It may have expired meanwhile. That
 * its key still verifies is for the caller to see, and that its session is alive is for the database to say.
 */
export function recallToken(config: Config, token: string): AccessClaims | undefined {
  return memories.get(config)?.get(digest(token))
}

export function rememberToken(config: Config, token: string, claims: AccessClaims): void {
  const memory = memories.get(config) ?? new Map<string, AccessClaims>()
  memories.set(config, memory)
  const [oldest] = memory.keys()
  if (oldest !== undefined && memory.size >= MAX_TOKENS) memory.delete(oldest)
  memory.set(digest(token), claims)
}
