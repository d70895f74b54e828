import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { Config } from '../../config/schema.ts'
import type { Passkey } from '../../store/passkeys.ts'

/** EdDSA, ES256 and RS256. The browser is told, and its answer is checked against the list. */
export const ALGORITHMS = [-8, -7, -257]
/** WebAuthn L3 §7.1 step 25. */
const CREDENTIAL_ID_MAX_BYTES = 1023

/** The domain that the passkeys belong to, and the origins of the pages that may use them. */
export interface RelyingParty {
  rpId: string
  origins: string[]
}

export function relyingParty({ publicUrl, webauthn }: Pick<Config, 'publicUrl' | 'webauthn'>): RelyingParty {
  return { rpId: webauthn.rpId, origins: [new URL(publicUrl).origin, ...webauthn.origins, ...webauthn.relatedOrigins] }
}

/** Loads the library when the first passkey is used, because it is large. */
export async function library() {
  return await import('@simplewebauthn/server')
}

export type NewCredential = Pick<
  Passkey,
  'credentialId' | 'publicKey' | 'counter' | 'transports' | 'aaguid' | 'isBackupEligible' | 'isBackedUp'
>

/** Verifies a new credential (WebAuthn L3 §7.1). Returns undefined for any fault, without saying which. */
export async function checkRegistration(
  { rpId, origins }: RelyingParty,
  { response, challenge }: { response: unknown; challenge: string },
): Promise<NewCredential | undefined> {
  if (!isFromOwnFrame(response)) return undefined
  const { verifyRegistrationResponse } = await library()
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    })
    if (!verified) return undefined
    const { credential, aaguid, credentialDeviceType, credentialBackedUp } = registrationInfo
    if (Buffer.from(credential.id, 'base64url').length > CREDENTIAL_ID_MAX_BYTES) return undefined
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: (credential.transports ?? []).filter((name) => /^[a-z-]{1,20}$/.test(name)).slice(0, 8),
      aaguid,
      isBackupEligible: credentialDeviceType === 'multiDevice',
      isBackedUp: credentialBackedUp,
    }
  } catch {
    // The library throws at the first fault. The caller is not told which it was.
    return undefined
  }
}

export interface Assertion {
  counter: number
  isBackedUp: boolean
}

/**
 * Verifies a passkey's answer to a challenge (WebAuthn L3 §7.2). Returns undefined for any fault, without saying which.
 * The caller judges the counter, because its meaning depends on the authenticator.
 */
export async function checkAssertion(
  { rpId, origins }: RelyingParty,
  {
    response,
    challenge,
    passkey,
  }: {
    response: unknown
    challenge: string
    passkey: Pick<Passkey, 'credentialId' | 'publicKey' | 'isBackupEligible'>
  },
): Promise<Assertion | undefined> {
  if (!isFromOwnFrame(response)) return undefined
  const { verifyAuthenticationResponse } = await library()
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: origins,
      expectedRPID: rpId,
      requireUserVerification: true,
      credential: {
        id: passkey.credentialId,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        // Lower than any counter: the library rejects a counter that stands still, which synced passkeys have.
        counter: -1,
      },
    })
    const isBackupEligible = authenticationInfo.credentialDeviceType === 'multiDevice'
    // Backup eligibility never changes (§7.2 step 20), so this is another authenticator.
    if (!verified || isBackupEligible !== passkey.isBackupEligible) return undefined
    return { counter: authenticationInfo.newCounter, isBackedUp: authenticationInfo.credentialBackedUp }
  } catch {
    return undefined
  }
}

/** authd's pages are never framed, so an answer from inside another site's page is rejected (§7.1 steps 10 and 11). */
function isFromOwnFrame(response: unknown): boolean {
  try {
    const { clientDataJSON } = (response as RegistrationResponseJSON).response
    const client = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8')) as Record<string, unknown>
    return client['crossOrigin'] !== true && client['topOrigin'] === undefined
  } catch {
    return false
  }
}
