import { expect } from 'vitest'
import { createApiKey, type Scope } from '../../src/flows/operator/api-key.ts'
import { type Actor, SYSTEM } from '../../src/flows/record-event.ts'
import type { AuditLog } from '../../src/store/audit-logs.ts'
import type { Authd } from './harness.ts'

export const OPERATOR: Actor = {
  ...SYSTEM,
  id: 'cli:grace@vm1',
  metadata: { command: 'a command', reason: 'ticket 7' },
}

export const BY_OPERATOR = { actor: 'cli:grace@vm1', ip: null }
export const BY_PERSON = { actor: expect.stringMatching(/^user:usr_/) }
export const BY_KEY = { actor: expect.stringMatching(/^api-key:key_/) }
export const BY_NOBODY = { actor: 'anonymous', outcome: 'failure' } as const

/** The newest event of this type. Throws if there is none. */
export async function told(authd: Authd, type: string): Promise<AuditLog> {
  const found = (await authd.auditLog()).filter(({ eventType }) => eventType === type).at(-1)
  if (!found) throw new Error(`no ${type} in the audit log`)
  return found
}

export async function keyOf(authd: Authd, scopes: Scope[], options: { expiresAt?: number; network?: string } = {}) {
  return await createApiKey(authd.deps, OPERATOR, { name: 'test', scopes, expiresAt: null, ...options })
}
