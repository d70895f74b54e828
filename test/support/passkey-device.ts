import { createHash, randomBytes } from 'node:crypto'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { type Algorithm, type Cbor, type CoseKeys, cbor, coseKeys } from './cose.ts'

export type RegistrationResponse = RegistrationResponseJSON
export type AuthenticationResponse = AuthenticationResponseJSON

export interface DeviceOptions {
  rpId: string
  origin: string
  /** COSE algorithm: ES256 (-7, the default), EdDSA (-8) or RS256 (-257). */
  algorithm?: Algorithm
  isBackupEligible?: boolean
  isBackedUp?: boolean
  /** The counter at registration. 0 is an authenticator without a counter. */
  counter?: number
  aaguid?: string
}

/** What one response does wrong. All of it is signed, except `signature`, `id`, `credentialId` and `userHandle`. */
export interface Tamper {
  type?: string
  challenge?: string
  origin?: string
  crossOrigin?: boolean
  topOrigin?: string
  /** The RP id whose hash is sent. */
  rpId?: string
  flags?: (flags: number) => number
  /** For this response only; the device keeps its own counter. */
  counter?: number
  /** null leaves it out. */
  userHandle?: string | null
  signature?: (signature: Buffer) => Buffer
  /** base64url. At registration the device keeps it; at sign-in it names another passkey. */
  credentialId?: string
  /** The algorithm that the public key claims; the key itself does not change. */
  algorithm?: number
  authData?: (authData: Buffer) => Buffer
  /** `rawId` is unchanged. */
  id?: string
  /** The raw text, instead of the values above. */
  clientDataJSON?: string
}

/** Bits of the flags byte, WebAuthn §6.1. */
export const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40 } as const

interface Passkey {
  id: string
  userHandle: string
  keys: CoseKeys
}

/** A browser and its authenticator with one passkey, which can be told to misbehave. */
export class PasskeyDevice {
  readonly #options: DeviceOptions
  #counter: number
  #held: Passkey | undefined

  constructor(options: DeviceOptions) {
    this.#options = options
    this.#counter = options.counter ?? 1
  }

  get credentialId(): string {
    return this.#passkey().id
  }

  /** Responds to PublicKeyCredentialCreationOptionsJSON, with attestation "none". */
  register(
    options: { challenge: string; user: { id: string }; rp: { id?: string } },
    tamper: Tamper = {},
  ): RegistrationResponse {
    const { algorithm = -7, aaguid = '00000000-0000-0000-0000-000000000000', rpId } = this.#options
    const keys = coseKeys(algorithm, tamper.algorithm)
    const id = tamper.credentialId ?? randomBytes(32).toString('base64url')
    this.#held = { id, userHandle: options.user.id, keys }

    const attested = attestedCredential(aaguid, id, keys.cosePublicKey)
    const authData = this.#authData(options.rp.id ?? rpId, attested, tamper)
    const attestation = new Map<string, Cbor>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ])
    return {
      ...envelope(id, tamper),
      response: {
        clientDataJSON: this.#clientData('webauthn.create', options.challenge, tamper).toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        attestationObject: cbor(attestation).toString('base64url'),
        publicKey: keys.spkiPublicKey.toString('base64url'),
        publicKeyAlgorithm: tamper.algorithm ?? algorithm,
        transports: ['internal'],
      },
    }
  }

  /** Responds to PublicKeyCredentialRequestOptionsJSON. */
  sign(options: { challenge: string; rpId?: string }, tamper: Tamper = {}): AuthenticationResponse {
    const { id, userHandle, keys } = this.#passkey()
    if (this.#options.counter !== 0) this.#counter += 1

    const clientData = this.#clientData('webauthn.get', options.challenge, tamper)
    const authData = this.#authData(options.rpId ?? this.#options.rpId, undefined, tamper)
    const signature = keys.sign(Buffer.concat([authData, sha256(clientData)]))
    const handle = tamper.userHandle === undefined ? userHandle : tamper.userHandle
    return {
      ...envelope(tamper.credentialId ?? id, tamper),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: (tamper.signature?.(signature) ?? signature).toString('base64url'),
        ...(handle === null ? {} : { userHandle: handle }),
      },
    }
  }

  /** A copy with the same key and counter; from here on they count separately. */
  clone(): PasskeyDevice {
    const twin = new PasskeyDevice(this.#options)
    twin.#counter = this.#counter
    twin.#held = this.#held
    return twin
  }

  #passkey(): Passkey {
    if (!this.#held) throw new Error('this device has registered no passkey yet')
    return this.#held
  }

  #clientData(type: string, challenge: string, tamper: Tamper): Buffer {
    if (tamper.clientDataJSON !== undefined) return Buffer.from(tamper.clientDataJSON)
    return Buffer.from(
      JSON.stringify({
        type: tamper.type ?? type,
        challenge: tamper.challenge ?? challenge,
        origin: tamper.origin ?? this.#options.origin,
        crossOrigin: tamper.crossOrigin ?? false,
        ...(tamper.topOrigin === undefined ? {} : { topOrigin: tamper.topOrigin }),
      }),
    )
  }

  #authData(rpId: string, attested: Buffer | undefined, tamper: Tamper): Buffer {
    const { isBackupEligible = true, isBackedUp = isBackupEligible } = this.#options
    const flags =
      FLAG.UP | FLAG.UV | (isBackupEligible ? FLAG.BE : 0) | (isBackedUp ? FLAG.BS : 0) | (attested ? FLAG.AT : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(tamper.counter ?? this.#counter)
    const authData = Buffer.concat([
      sha256(tamper.rpId ?? rpId),
      Buffer.of(tamper.flags?.(flags) ?? flags),
      counter,
      attested ?? Buffer.alloc(0),
    ])
    return tamper.authData?.(authData) ?? authData
  }
}

/** WebAuthn §6.5.2. */
function attestedCredential(aaguid: string, credentialId: string, cosePublicKey: Buffer): Buffer {
  const id = Buffer.from(credentialId, 'base64url')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(id.length)
  return Buffer.concat([Buffer.from(aaguid.replaceAll('-', ''), 'hex'), length, id, cosePublicKey])
}

function envelope(rawId: string, tamper: Tamper): Omit<RegistrationResponse & AuthenticationResponse, 'response'> {
  return {
    id: tamper.id ?? rawId,
    rawId,
    type: 'public-key',
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
  }
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}
