import type { KeyListing } from '../flows/sessions/signing-key.ts'
import { toRfc3339 } from '../platform/clock.ts'

/** A key that signs access tokens, without its private part. */
export interface KeyResource {
  kid: string
  alg: string
  state: 'next' | 'active' | 'retiring' | 'retired'
  created_at: string
  /** Null for a key that another overtook before it signed. */
  signs_from: string | null
  verifies_until: string | null
}

export function presentKey({ key, state }: KeyListing): KeyResource {
  return {
    kid: key.kid,
    alg: key.algorithm,
    state,
    created_at: toRfc3339(key.createdAt),
    signs_from: key.purpose === 'cancelled' ? null : toRfc3339(key.signsFrom),
    verifies_until: key.verifiesUntil === null ? null : toRfc3339(key.verifiesUntil),
  }
}
