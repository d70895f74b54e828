import { z } from 'zod'
import { authenticatorName } from '../platform/authenticator-name.ts'
import { toRfc3339 } from '../platform/clock.ts'
import type { Passkey } from '../store/passkeys.ts'
import { idField, sample, timeField } from './shared-fields.ts'

/** A passkey as its user and operators see it. */
export const passkeyResource = z
  .strictObject({
    id: idField('pk').describe('The id of the passkey.'),
    name: sample('YubiKey 5C').describe('The name that the user gave it.'),
    maker: z.string().nullable().describe('The name of the authenticator, if its AAGUID is known.'),
    aaguid: sample('ee882879-721c-4913-9775-3dfcce97072a').describe(
      'The model of the authenticator, as it reports it.',
    ),
    synced: z.boolean().describe('The passkey can be synced to other devices.'),
    backed_up: z.boolean().describe('The passkey is synced now.'),
    created_at: timeField.describe('When it was added.'),
    last_used_at: timeField.nullable().describe('When it was last used.'),
  })
  .meta({ id: 'Passkey', description: 'A passkey of a user.' })
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
