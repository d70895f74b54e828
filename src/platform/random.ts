import { randomBytes, randomInt } from 'node:crypto'
import { toBase32 } from './base32.ts'
import type { Clock } from './clock.ts'

/** The only source of randomness. Tests use a seeded one. */
export interface Random {
  bytes(length: number): Buffer
  /** Uniform in 0..below-1. */
  int(below: number): number
  /** `<prefix>_` and a UUIDv7 in base32: sortable, and increasing within this process. */
  id(prefix: string): string
}

/** Crockford's alphabet in lower case, without i, l, o and u. Texts sort like their numbers. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const COUNTER_LIMIT = 4096

const POOL_BYTES = 8192

export function systemRandom(clock: Clock): Random {
  return randomFrom(clock, pooledBytes(), (below) => randomInt(below))
}

/** One call for many bytes costs the same as for few. Bytes are erased from the pool when they are used. */
function pooledBytes(): (length: number) => Buffer {
  let pool = Buffer.alloc(0)
  return (length) => {
    if (length > POOL_BYTES) return randomBytes(length)
    if (pool.length < length) pool = randomBytes(POOL_BYTES)
    const taken = Buffer.from(pool.subarray(0, length))
    pool.fill(0, 0, length)
    pool = pool.subarray(length)
    return taken
  }
}

/** A Random from the given sources. Ids contain the clock's time (RFC 9562 §5.7, counter as in §6.2 method 1). */
export function randomFrom(clock: Clock, bytes: (length: number) => Buffer, int: (below: number) => number): Random {
  let lastMs = 0
  let counter = 0
  return {
    bytes,
    int,
    id(prefix) {
      const now = clock.now()
      counter = now > lastMs ? int(1024) : counter + 1
      // If the counter is full or the clock went back, use the next millisecond, so that ids still increase.
      if (counter >= COUNTER_LIMIT) {
        lastMs += 1
        counter = 0
      }
      lastMs = Math.max(lastMs, now)
      return `${prefix}_${encode(lastMs, counter, bytes(8))}`
    },
  }
}

/** The smallest id of that time. Ids contain their time, so a range of ids is a range of time. */
export function firstId(prefix: string, epochMs: number): string {
  return `${prefix}_${encode(epochMs, 0, Buffer.alloc(8))}`
}

const ID = new RegExp(`^[a-z]{2,4}_[${ALPHABET}]{26}$`)

/** Says whether a text has the form of an id. It is then never a name. */
export function isId(text: string): boolean {
  return ID.test(text)
}

/** Returns when an id was made, or undefined if the text is not an id. */
export function timeOfId(prefix: string, id: string): number | undefined {
  const [, digits] = new RegExp(`^${prefix}_([${ALPHABET}]{10})[${ALPHABET}]{16}$`).exec(id) ?? []
  if (digits === undefined) return undefined
  return [...digits].reduce((ms, digit) => ms * 32 + ALPHABET.indexOf(digit), 0)
}

/**
 * 48 bits of time, version 7, 12 bits of counter, variant, 62 random bits. Two zero bits lead, for 26 digits of 5 bits.
 */
function encode(ms: number, counter: number, tail: Buffer): string {
  const bytes = Buffer.allocUnsafe(16)
  bytes.writeUIntBE(ms, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  tail.copy(bytes, 8, 0, 8)
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
  return toBase32(bytes, ALPHABET, 2)
}
