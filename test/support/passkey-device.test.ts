import {
  type VerifiedAuthenticationResponse,
  type VerifiedRegistrationResponse,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
  type WebAuthnCredential,
} from '@simplewebauthn/server'
import { describe, expect, test } from 'vitest'
import { type DeviceOptions, FLAG, PasskeyDevice, type Tamper } from './passkey-device.ts'

const rpId = 'example.test'
const origin = 'https://example.test'
const challenge = Buffer.from('the challenge of this ceremony').toString('base64url')
const userId = Buffer.from('usr_1').toString('base64url')

function device(options: Partial<DeviceOptions> = {}): PasskeyDevice {
  return new PasskeyDevice({ rpId, origin, ...options })
}

function register(passkey: PasskeyDevice, tamper: Tamper = {}): Promise<VerifiedRegistrationResponse> {
  return verifyRegistrationResponse({
    response: passkey.register({ challenge, user: { id: userId }, rp: { id: rpId } }, tamper),
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    requireUserVerification: true,
    supportedAlgorithmIDs: [-8, -7, -257],
  })
}

async function credentialOf(passkey: PasskeyDevice): Promise<WebAuthnCredential> {
  const { registrationInfo } = await register(passkey)
  if (!registrationInfo) throw new Error('the registration did not verify')
  return registrationInfo.credential
}

function signIn(
  credential: WebAuthnCredential,
  passkey: PasskeyDevice,
  tamper: Tamper = {},
): Promise<VerifiedAuthenticationResponse> {
  return verifyAuthenticationResponse({
    response: passkey.sign({ challenge, rpId }, tamper),
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: rpId,
    credential,
    requireUserVerification: true,
  })
}

describe('an honest device', () => {
  test.each([
    ['ES256', -7],
    ['EdDSA', -8],
    ['RS256', -257],
  ] as const)('registers and signs in with %s', async (_name, algorithm) => {
    const passkey = device({ algorithm })

    const credential = await credentialOf(passkey)
    const answer = await signIn(credential, passkey)

    expect(credential).toMatchObject({ id: passkey.credentialId, counter: 1 })
    expect(answer).toMatchObject({ verified: true, authenticationInfo: { newCounter: 2, userVerified: true } })
  })

  test('reports its model and that its passkey is device-bound', async () => {
    const passkey = device({ aaguid: '00112233-4455-6677-8899-aabbccddeeff', isBackupEligible: false })

    const { registrationInfo } = await register(passkey)

    expect(registrationInfo).toMatchObject({
      aaguid: '00112233-4455-6677-8899-aabbccddeeff',
      credentialDeviceType: 'singleDevice',
      credentialBackedUp: false,
    })
  })

  test('without a counter always reports zero', async () => {
    const passkey = device({ counter: 0 })
    const credential = await credentialOf(passkey)

    await signIn(credential, passkey)
    const second = await signIn(credential, passkey)

    expect(second).toMatchObject({ verified: true, authenticationInfo: { newCounter: 0 } })
  })

  test('returns the user it was registered for', async () => {
    const passkey = device()
    await register(passkey)

    const { response } = passkey.sign({ challenge, rpId })

    expect(response.userHandle).toBe(userId)
  })
})

describe('a clone', () => {
  test('signs like the original, and its counter lags once the original has signed', async () => {
    const original = device()
    const credential = await credentialOf(original)
    const clone = original.clone()
    const { authenticationInfo } = await signIn(credential, original)

    const late = signIn({ ...credential, counter: authenticationInfo.newCounter }, clone)

    expect(clone.credentialId).toBe(original.credentialId)
    await expect(late).rejects.toThrow('counter')
  })
})

describe('a tampered registration is rejected', () => {
  test.each<[string, Tamper, string]>([
    ['a sign-in passed off as a registration', { type: 'webauthn.get' }, 'type'],
    ['another challenge', { challenge: 'AAAA' }, 'challenge'],
    ['another origin', { origin: 'https://evil.test' }, 'origin'],
    ['another site', { rpId: 'evil.test' }, 'RP ID'],
    ['nobody there', { flags: (flags) => flags & ~FLAG.UP }, 'presence'],
    ['nobody verified', { flags: (flags) => flags & ~FLAG.UV }, 'verification'],
    ['backed up without being eligible', { flags: (flags) => flags & ~FLAG.BE }, 'backed up'],
    ['an algorithm nobody offered', { algorithm: -35 }, 'alg'],
    ['cut short', { authData: (bytes) => bytes.subarray(0, 36) }, 'bytes'],
    ['followed by more', { authData: (bytes) => Buffer.concat([bytes, Buffer.alloc(9)]) }, 'eftover'],
    ['two names for one passkey', { id: 'AAAA' }, 'ID'],
    ['client data that is not JSON', { clientDataJSON: '{' }, 'JSON'],
  ])('%s', async (_name, tamper, why) => {
    await expect(register(device(), tamper)).rejects.toThrow(why)
  })
})

describe('a tampered sign-in is rejected', () => {
  test.each<[string, Tamper, string]>([
    ['a registration passed off as a sign-in', { type: 'webauthn.create' }, 'type'],
    ['another challenge', { challenge: 'AAAA' }, 'challenge'],
    ['another origin', { origin: 'https://evil.test' }, 'origin'],
    ['another site', { rpId: 'evil.test' }, 'RP ID'],
    ['nobody there', { flags: (flags) => flags & ~FLAG.UP }, 'presen'],
    ['nobody verified', { flags: (flags) => flags & ~FLAG.UV }, 'verif'],
    ['a counter that stands still', { counter: 1 }, 'counter'],
    ['two names for one passkey', { id: 'AAAA' }, 'ID'],
  ])('%s', async (_name, tamper, why) => {
    const passkey = device()
    const credential = await credentialOf(passkey)

    await expect(signIn(credential, passkey, tamper)).rejects.toThrow(why)
  })

  test('a signature over something else', async () => {
    const passkey = device({ algorithm: -8 })
    const credential = await credentialOf(passkey)

    const answer = await signIn(credential, passkey, { signature: (bytes) => Buffer.from(bytes).reverse() })

    expect(answer.verified).toBe(false)
  })
})

describe('checks that the library leaves to authd', () => {
  test('the device can produce a foreign frame, a missing user, another passkey and a long name', () => {
    const passkey = device()
    const long = Buffer.alloc(1024).toString('base64url')
    const registered = passkey.register({ challenge, user: { id: userId }, rp: {} }, { credentialId: long })

    const signed = passkey.sign(
      { challenge },
      { crossOrigin: true, topOrigin: 'https://evil.test', userHandle: null, credentialId: 'AAAA' },
    )

    expect(registered).toMatchObject({ id: long, rawId: long })
    expect(signed).toMatchObject({ id: 'AAAA', rawId: 'AAAA' })
    expect(signed.response).not.toHaveProperty('userHandle')
    expect(JSON.parse(Buffer.from(signed.response.clientDataJSON, 'base64url').toString())).toEqual({
      type: 'webauthn.get',
      challenge,
      origin,
      crossOrigin: true,
      topOrigin: 'https://evil.test',
    })
  })
})
