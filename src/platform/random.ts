import { randomBytes, randomInt } from 'node:crypto'
import type { Clock } from './clock.ts'

/** The only source of randomness. Tests hand in a seeded one. */
export interface Random {
  bytes(length: number): Buffer
  /** Uniform in 0..below-1. */
  int(below: number): number
  /** `<prefix>_` and a UUIDv7 in base32: sortable, and increasing within this process. */
  id(prefix: string): string
}

/** Crockford's alphabet in lower case: no i, l, o, u, and it sorts as the number does. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const COUNTER_BITS = 12n

export function systemRandom(clock: Clock): Random {
  return randomFrom(clock, randomBytes, (below) => randomInt(below))
}

/** A Random over the given sources; ids carry the clock's time (RFC 9562 §5.7, counter as §6.2 method 1). */
export function randomFrom(clock: Clock, bytes: (length: number) => Buffer, int: (below: number) => number): Random {
  let lastMs = 0
  let counter = 0
  return {
    bytes,
    int,
    id(prefix) {
      const now = clock.now()
      counter = now > lastMs ? int(1024) : counter + 1
      // A full counter, or a clock that went back: borrow from the next millisecond, so that ids still increase.
      if (counter >= 1 << Number(COUNTER_BITS)) {
        lastMs += 1
        counter = 0
      }
      lastMs = Math.max(lastMs, now)
      return `${prefix}_${encode(lastMs, counter, bytes(8))}`
    },
  }
}

function encode(ms: number, counter: number, tail: Buffer): string {
  const rest = (0b10n << 62n) | (tail.readBigUInt64BE() & ((1n << 62n) - 1n))
  let value = (BigInt(ms) << 80n) | (7n << 76n) | (BigInt(counter) << 64n) | rest
  let text = ''
  for (let digit = 0; digit < 26; digit += 1) {
    text = ALPHABET[Number(value & 31n)] + text
    value >>= 5n
  }
  return text
}
