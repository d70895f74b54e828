import type { Decrypter } from 'age-encryption'

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
/** Of X25519 keys, and of those that also withstand a quantum computer: how many characters follow. */
const LENGTHS = new Map([
  ['age', 58],
  ['age1pq', 1952],
])

/** Whether a text is a public key of age (`age1…`), with its check sum. https://age-encryption.org/v1 and BIP 173 */
export function isAgeRecipient(text: string): boolean {
  const [, prefix = '', data = ''] = /^(age(?:1pq)?)1([02-9ac-hj-np-z]+)$/.exec(text) ?? []
  if (LENGTHS.get(prefix) !== data.length) return false
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  const values = [...data].map((letter) => BECH32.indexOf(letter))
  return checkSum([...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31), ...values]) === 1
}

function checkSum(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  for (const value of values) {
    const top = sum >> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [bit, term] of generator.entries()) sum ^= (top >> bit) & 1 ? term : 0
  }
  return sum
}

type Parts = AsyncIterable<Uint8Array>

/** Encrypts for the holders of these keys, part by part. */
export async function encryptFor(recipients: readonly string[], parts: Parts): Promise<Parts> {
  // Most commands do not need it, and loading takes time.
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  for (const recipient of recipients) encrypter.addRecipient(recipient)
  return await encrypter.encrypt(ReadableStream.from(parts))
}

/** Private keys of age. */
export interface AgeIdentities {
  /** Throws if no key fits, or the text is damaged, then maybe after its first parts. */
  decrypt(parts: Parts): Promise<Parts>
}

/** Reads a file as age-keygen writes it. Returns the number of the first line that has no key. */
export async function readAgeIdentities(text: string): Promise<AgeIdentities | { badLine: number }> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  const lines = text.split('\n').map((line) => line.trim())
  const isKey = (line: string) => line !== '' && !line.startsWith('#')
  const bad = lines.findIndex((line) => isKey(line) && !adds(decrypter, line))
  if (bad >= 0 || !lines.some(isKey)) return { badLine: Math.max(bad, 0) + 1 }
  return { decrypt: (parts) => decrypter.decrypt(ReadableStream.from(withShortHeader(parts))) }
}

/** More than the keys of a hundred people need. The library would keep a header of any length in memory. */
export const HEADER_BYTES = 256 * 1024

async function* withShortHeader(parts: Parts): AsyncGenerator<Uint8Array> {
  let header: Buffer | undefined = Buffer.alloc(0)
  for await (const part of parts) {
    if (header !== undefined) {
      header = Buffer.concat([header, part])
      if (header.subarray(0, HEADER_BYTES).includes('\n---')) header = undefined
      else if (header.length >= HEADER_BYTES) throw new Error('the header is too long')
    }
    yield part
  }
}

function adds(decrypter: Decrypter, line: string): boolean {
  try {
    decrypter.addIdentity(line)
    return true
  } catch {
    // Its message could show the key.
    return false
  }
}

/** Whether decrypting failed because the text is for other keys. */
export function isForOtherKeys(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('no identity matched')
}
