import { z } from 'zod'
import type { PasskeyOptions } from '../../flows/factors/passkey-challenge.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { idField, timeField } from '../../resources/shared-fields.ts'

export const challengeId = z
  .string()
  .max(64)
  .meta({ examples: ['pkc_01m88jw08vedqtrgrr9eqkmg57'] })
  .describe('The `challenge_id` that came with the options.')
/** The browser's `PublicKeyCredential.toJSON()` (WebAuthn L3 §5.1). The flow verifies it. */
export const credential = z
  .record(z.string(), z.unknown())
  .meta({
    examples: [{ id: 'AbC…', rawId: 'AbC…', type: 'public-key', response: { clientDataJSON: 'eyJ…' } }],
  })
  .describe("The browser's `PublicKeyCredential.toJSON()` (WebAuthn L3 §5.1).")

export const passkeyOptionsAnswers = {
  200: {
    text: "The options for the browser's `navigator.credentials`, to be parsed by `PublicKeyCredential.parse…OptionsFromJSON()`.",
    schema: z
      .strictObject({
        challenge_id: idField('pkc').describe('Send it back with the credential.'),
        options: z
          .record(z.string(), z.unknown())
          .meta({ examples: [{ challenge: 'q83v…', rpId: 'example.com' }] })
          .describe("The options for the browser's `navigator.credentials`."),
        expires_at: timeField.describe('When the challenge ends.'),
      })
      .meta({ id: 'PasskeyOptions', description: 'A challenge for a passkey.' }),
  },
}

export function presentPasskeyOptions({ challengeId: challenge_id, options, expiresAt }: PasskeyOptions) {
  return { challenge_id, options, expires_at: toRfc3339(expiresAt) }
}
