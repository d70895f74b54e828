import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type AuthenticationResponseJSON, verifyAuthenticationResponse } from '@simplewebauthn/server'
import { describe, expect, test } from 'vitest'
import { checkAssertion, checkRegistration } from '../../src/flows/factors/webauthn.ts'
import { type Cbor, cbor, coseKeys } from '../support/cose.ts'
import { FLAG } from '../support/passkey-device.ts'

interface Vector {
  name: string
  registration: { challenge: string; clientDataJSON: string; attestationObject: string; credential_id: string }
  authentication: { challenge: string; clientDataJSON: string; authenticatorData: string; signature: string }
}

type Registration = Record<'id' | 'challenge' | 'client' | 'attestation', Buffer>
type Assertion = Record<'id' | 'challenge' | 'client' | 'authData' | 'signature', Buffer>

const FILE = new URL('../support/webauthn-vectors.json', import.meta.url)
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] }
const PARTY = { rpId: 'example.org', origins: ['https://example.org'] }

const GOOD_REGISTRATIONS = ['ES256 … Self Attestation', 'Packed … ES256', 'Packed … RS256']
/** What would make each of them valid. authd requests attestation "none", so browsers remove it. */
const OTHERWISE_GOOD: [string, string, (made: Registration) => Registration][] = [
  ['nobody was verified', 'ES256 … No Attestation', verified],
  ['nobody was verified', 'ES256 … very long', verified],
  ['nobody was verified', 'Packed … Ed25519', verified],
  ['it was made in a frame', 'ES256 … "crossOrigin"', unframed],
  ['it was made in a frame, nobody verified', 'ES256 … "topOrigin"', (made) => verified(unframed(made))],
  ['its attestation leads nowhere', 'TPM', bare],
  ['its attestation leads nowhere', 'Android', bare],
  ['its attestation leads nowhere, nobody was verified', 'Apple', verified],
  ['its attestation leads nowhere, nobody was verified', 'FIDO U2F', verified],
]
/** Key types that authd does not offer, so no passkey can use them. */
const NOT_OFFERED = ['Packed … ES384', 'Packed … ES512', 'Packed … Ed448']

const GOOD_ASSERTIONS = ['ES256 … very long', 'Packed … ES256', 'TPM']
const REFUSED_ASSERTIONS = [
  ['nobody was verified', 'ES256 … No Attestation'],
  ['nobody was verified', 'ES256 … Self Attestation'],
  ['nobody was verified', 'Packed … RS256'],
  ['nobody was verified', 'Packed … Ed25519'],
  ['nobody was verified', 'Android'],
  ['nobody was verified', 'Apple'],
  ['nobody was verified', 'FIDO U2F'],
  ['it was made in a frame', 'ES256 … "crossOrigin"'],
  ['it was made in a frame', 'ES256 … "topOrigin"'],
] as const

const ELSEWHERE: [string, Asked][] = [
  ['to another challenge', { challenge: 'YW5vdGhlciBjaGFsbGVuZ2U' }],
  ['from another origin', { origins: ['https://other.example'] }],
  ['for another domain', { rpId: 'other.example' }],
]

test('all fifteen vectors are covered for registration and for sign-in', () => {
  const all = new Set(vectors)

  const registrations = [...GOOD_REGISTRATIONS, ...OTHERWISE_GOOD.map(([, name]) => name), ...NOT_OFFERED]
  const assertions = [...GOOD_ASSERTIONS, ...REFUSED_ASSERTIONS.map(([, name]) => name), ...NOT_OFFERED]

  expect(all.size).toBe(15)
  expect(new Set(registrations.map(vector))).toEqual(all)
  expect(new Set(assertions.map(vector))).toEqual(all)
})

describe('SECURITY: a registration of the W3C vectors', () => {
  test.each(GOOD_REGISTRATIONS)('is accepted: %s', async (name) => {
    const made = registration(name)

    expect(await register(made)).toMatchObject({ credentialId: text(made.id), counter: 0 })
  })

  test.each(OTHERWISE_GOOD)('is rejected only because %s: %s', async (_, name, heal) => {
    const made = registration(name)

    expect(await register(made)).toBeUndefined()
    expect(await register(heal(made))).toMatchObject({ credentialId: text(made.id) })
  })

  test.each(NOT_OFFERED)('is rejected for its kind of key: %s', async (name) => {
    expect(await register(verified(registration(name)))).toBeUndefined()
  })

  describe.each(GOOD_REGISTRATIONS)('is rejected: %s', (name) => {
    test.each(ELSEWHERE)('%s', async (_, asked) => {
      expect(await register(registration(name), asked)).toBeUndefined()
    })

    test('with a broken attestation', async () => {
      const { attestation, ...made } = registration(name)

      expect(
        await register({ ...made, attestation: flip(attestation, attestation.indexOf('sig') + 12) }),
      ).toBeUndefined()
    })

    test.each<[string, (made: Registration) => Registration]>([
      ['made for a sign-in', (made) => ({ ...made, client: edit(made.client, { type: 'webauthn.get' }) })],
      ['without user presence', (made) => bare(made, (flags) => flags & ~FLAG.UP)],
      ['without user verification', (made) => bare(made, (flags) => flags & ~FLAG.UV)],
    ])('%s', async (_, spoil) => {
      // Without attestation nothing is signed, so only the tampered value can be the reason.
      const made = bare(registration(name))

      expect(await register(made)).toBeDefined()
      expect(await register(spoil(made))).toBeUndefined()
    })
  })
})

describe('SECURITY: a sign-in of the W3C vectors', () => {
  test.each(GOOD_ASSERTIONS)('is accepted: %s', async (name) => {
    expect(await signIn(name, assertion(name))).toEqual({ counter: 0, isBackedUp: false })
  })

  test.each(REFUSED_ASSERTIONS)('is rejected only because %s: %s', async (_, name) => {
    const answer = assertion(name)

    const byTheLibrary = await verifyAuthenticationResponse({
      response: assertionJson(answer),
      expectedChallenge: text(answer.challenge),
      expectedOrigin: PARTY.origins,
      expectedTopOrigin: 'https://example.com',
      expectedRPID: PARTY.rpId,
      requireUserVerification: false,
      credential: { id: text(answer.id), publicKey: new Uint8Array(publicKeyOf(name)), counter: 0 },
    })

    expect(byTheLibrary.verified).toBe(true)
    expect(await signIn(name, answer)).toBeUndefined()
  })

  describe.each(GOOD_ASSERTIONS)('is rejected: %s', (name) => {
    test.each(ELSEWHERE)('%s', async (_, asked) => {
      expect(await signIn(name, assertion(name), { asked })).toBeUndefined()
    })

    test.each([4, 20, -1])('with byte %i of the signature broken', async (at) => {
      const { signature, ...answer } = assertion(name)

      expect(await signIn(name, { ...answer, signature: flip(signature, at) })).toBeUndefined()
    })

    test.each<[string, (answer: Assertion) => Partial<Assertion>]>([
      ['made for a registration', ({ client }) => ({ client: edit(client, { type: 'webauthn.create' }) })],
      ['made in a frame', ({ client }) => ({ client: edit(client, { crossOrigin: true }) })],
      ['without user presence', ({ authData }) => ({ authData: withFlags(authData, (bits) => bits & ~FLAG.UP) })],
      [
        'without the user being verified',
        ({ authData }) => ({ authData: withFlags(authData, (bits) => bits & ~FLAG.UV) }),
      ],
      [
        'no longer eligible for backup',
        ({ authData }) => ({ authData: withFlags(authData, (bits) => bits & ~FLAG.BE) }),
      ],
    ])('%s', async (_, spoil) => {
      // Signed again with a key of this test, so only the tampered value can be the reason.
      const { cosePublicKey: publicKey, sign } = coseKeys(-7)
      const resign = (answer: Assertion): Assertion => ({
        ...answer,
        signature: sign(Buffer.concat([answer.authData, sha256(answer.client)])),
      })
      const answer = assertion(name)

      expect(await signIn(name, resign(answer), { publicKey })).toBeDefined()
      expect(await signIn(name, resign({ ...answer, ...spoil(answer) }), { publicKey })).toBeUndefined()
    })
  })
})

/** Finds a vector by the beginning and the end of its name. */
function vector(name: string): Vector {
  const [start = '', part = ''] = name.split(' … ')
  const [found, ...others] = vectors.filter((one) => one.name.startsWith(start) && one.name.includes(part))
  if (!found || others.length > 0) throw new Error(`not one vector: ${name}`)
  return found
}

function registration(name: string): Registration {
  const {
    challenge,
    clientDataJSON: client,
    attestationObject: attestation,
    credential_id: id,
  } = vector(name).registration
  return { id: hex(id), challenge: hex(challenge), client: hex(client), attestation: hex(attestation) }
}

function assertion(name: string): Assertion {
  const { registration: made, authentication: answer } = vector(name)
  return {
    id: hex(made.credential_id),
    challenge: hex(answer.challenge),
    client: hex(answer.clientDataJSON),
    authData: hex(answer.authenticatorData),
    signature: hex(answer.signature),
  }
}

type Asked = Partial<typeof PARTY> & { challenge?: string }

async function register({ id, challenge, client, attestation }: Registration, asked: object = {}) {
  const response = { clientDataJSON: text(client), attestationObject: text(attestation) }
  const { challenge: expected = text(challenge), ...party } = asked as Asked
  return await checkRegistration(
    { ...PARTY, ...party },
    { response: { ...envelope(id), response }, challenge: expected },
  )
}

async function signIn(
  name: string,
  answer: Assertion,
  { asked = {}, publicKey }: { asked?: Asked; publicKey?: Buffer } = {},
) {
  const { challenge: expected = text(answer.challenge), ...party } = asked
  const key = publicKey ?? publicKeyOf(name)
  // The backup eligibility of the vector. A test removes it to see the sign-in rejected.
  const isBackupEligible = ((assertion(name).authData[32] ?? 0) & FLAG.BE) !== 0
  const passkey = { ...PASSKEY, credentialId: text(answer.id), publicKey: text(key), isBackupEligible }
  return await checkAssertion({ ...PARTY, ...party }, { response: assertionJson(answer), challenge: expected, passkey })
}

const PASSKEY = {
  id: 'pk_1',
  userId: 'usr_1',
  counter: 0,
  transports: [],
  aaguid: '',
  name: '',
  isBackedUp: false,
  createdAt: 0,
  lastUsedAt: null,
}

/** WebAuthn §6.5.1: RP id hash, flags, counter, AAGUID, length of the id, id; then the key. */
function publicKeyOf(name: string): Buffer {
  const { attestation } = registration(name)
  const authData = attestation.subarray(authDataAt(attestation))
  return authData.subarray(55 + authData.readUInt16BE(53))
}

function envelope(id: Buffer) {
  return { id: text(id), rawId: text(id), type: 'public-key' as const, clientExtensionResults: {} }
}

function assertionJson({ id, client, authData, signature }: Assertion): AuthenticationResponseJSON {
  const response = { clientDataJSON: text(client), authenticatorData: text(authData), signature: text(signature) }
  return { ...envelope(id), response }
}

function authDataAt(attestation: Buffer): number {
  const label = attestation.indexOf('authData')
  const head = attestation[label + 8] ?? 0
  const lengthBytes = head === 0x58 ? 1 : 2
  if (head !== 0x58 && head !== 0x59) throw new Error(`not a byte string: ${head.toString(16)}`)
  return label + 9 + lengthBytes
}

/** The same without attestation, as browsers return it for "none", with the given flags. */
function bare(made: Registration, change: (flags: number) => number = (flags) => flags): Registration {
  const at = authDataAt(made.attestation)
  const authData = withFlags(made.attestation.subarray(at, at + lengthAt(made.attestation, at)), change)
  return {
    ...made,
    attestation: cbor(
      new Map<string, Cbor>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', authData],
      ]),
    ),
  }
}

function lengthAt(attestation: Buffer, at: number): number {
  return attestation[at - 2] === 0x58 ? (attestation[at - 1] ?? 0) : attestation.readUInt16BE(at - 2)
}

function verified(made: Registration): Registration {
  return bare(made, (flags) => flags | FLAG.UV)
}

function unframed(made: Registration): Registration {
  const { crossOrigin: _, topOrigin: __, ...client } = JSON.parse(made.client.toString()) as Record<string, unknown>
  return { ...made, client: Buffer.from(JSON.stringify(client)) }
}

function edit(client: Buffer, change: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ ...(JSON.parse(client.toString()) as object), ...change }))
}

function withFlags(authData: Buffer, change: (flags: number) => number): Buffer {
  const changed = Buffer.from(authData)
  changed[32] = change(changed[32] ?? 0)
  return changed
}

function flip(bytes: Buffer, at: number): Buffer {
  const flipped = Buffer.from(bytes)
  const index = at < 0 ? bytes.length + at : at
  flipped[index] = (flipped[index] ?? 0) ^ 1
  return flipped
}

const hex = (digits: string) => Buffer.from(digits, 'hex')
const text = (bytes: Buffer) => bytes.toString('base64url')
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()
