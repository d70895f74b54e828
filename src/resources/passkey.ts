import { z } from 'zod'
import { authenticatorName } from '../platform/authenticator-name.ts'
import { toRfc3339 } from '../platform/clock.ts'
import type { Passkey } from '../store/passkeys.ts'
import { idField, sample, timeField } from './field.ts'

/** A passkey as its user and operators see it. */
export const passkeyResource = z.strictObject({
  id: idField('pk'),
  name: sample('YubiKey 5C'),
  maker: z.string().nullable().describe('The name of the authenticator, if its AAGUID is known.'),
  aaguid: sample('ee882879-721c-4913-9775-3dfcce97072a'),
  synced: z.boolean().describe('The passkey can be synced to other devices.'),
  backed_up: z.boolean(),
  created_at: timeField,
  last_used_at: timeField.nullable(),
})
export type PasskeyResource = z.output<typeof passkeyResource>

export function presentPasskey(passkey: Passkey): PasskeyResource {
  return {
    id: passkey.id,
    name: passkey.name,
    maker: authenticatorName(passkey.aaguid) ?? null,
    aaguid: passkey.aaguid,
    synced: passkey.isBackupEligible,
    backed_up: passkey.isBackedUp,
    created_at: toRfc3339(passkey.createdAt),
    last_used_at: passkey.lastUsedAt === null ? null : toRfc3339(passkey.lastUsedAt),
  }
}
