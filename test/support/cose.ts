import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

export type Algorithm = -7 | -8 | -257

export interface CoseKeys {
  /** COSE_Key (RFC 9052 §7), as in attested credential data. */
  cosePublicKey: Buffer
  spkiPublicKey: Buffer
  sign(message: Buffer): Buffer
}

/** A new key pair. `label` is the algorithm that the public key claims, true or not. */
export function coseKeys(algorithm: Algorithm, label: number = algorithm): CoseKeys {
  const privateKey = generate(algorithm)
  const publicKey = createPublicKey(privateKey)
  return {
    cosePublicKey: coseKey(publicKey, label),
    spkiPublicKey: publicKey.export({ format: 'der', type: 'spki' }),
    // Ed25519 needs no hash; ECDSA signatures are ASN.1 DER, as WebAuthn §6.5.5 requires.
    sign: (message) => sign(algorithm === -8 ? null : 'sha256', message, privateKey),
  }
}

export type Cbor = number | string | Uint8Array | Map<number | string, Cbor>

/** Enough of RFC 8949 (CBOR) for an attestation object. Maps keep their order. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value])
  const entries = [...value].flatMap(([key, item]) => [cbor(key), cbor(item)])
  return Buffer.concat([head(5, value.size), ...entries])
}

function head(major: number, argument: number): Buffer {
  const type = major << 5
  if (argument < 24) return Buffer.of(type | argument)
  if (argument < 0x100) return Buffer.of(type | 24, argument)
  if (argument < 0x10000) return Buffer.of(type | 25, argument >> 8, argument & 0xff)
  throw new RangeError(`the encoder stops at 65535, and was given ${argument}`)
}

function generate(algorithm: Algorithm): KeyObject {
  if (algorithm === -8) return generateKeyPairSync('ed25519').privateKey
  if (algorithm === -7) return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

function coseKey(publicKey: KeyObject, label: number): Buffer {
  const jwk = publicKey.export({ format: 'jwk' })
  const bytes = (coordinate = '') => Buffer.from(coordinate, 'base64url')
  const entries: [number, Cbor][] = []
  if (jwk.kty === 'OKP') entries.push([1, 1], [3, label], [-1, 6], [-2, bytes(jwk.x)])
  if (jwk.kty === 'EC') entries.push([1, 2], [3, label], [-1, 1], [-2, bytes(jwk.x)], [-3, bytes(jwk.y)])
  if (jwk.kty === 'RSA') entries.push([1, 3], [3, label], [-1, bytes(jwk.n)], [-2, bytes(jwk.e)])
  return cbor(new Map(entries))
}
