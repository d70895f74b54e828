import { scrypt } from 'node:crypto'

export type SlowHash = (code: string, salt: string) => Promise<string>

/** More slow hashes are asked for than this process may compute. Try again in a moment. */
export class HashesBusy extends Error {}

/** Half of the threads of Node's pool, because DNS look-ups and files need the others. */
const HASHES_AT_ONCE = 2
const HASHES_WAITING = 8

/**
 * What authd keeps of recovery codes of 60 bits, in base64url. Newer codes have more bits and need no slow hash. With
 * this cost one hash takes 32 MiB and about 60 ms (RFC 7914), outside the event loop.
 */
export const slowHash = scryptHash(2 ** 15)

/** Computes at most two hashes at once, and lets at most eight wait. Throws HashesBusy for any other. */
export function fewAtOnce(hash: SlowHash): SlowHash {
  let running = 0
  const waiting: (() => void)[] = []
  return async (code, salt) => {
    if (running >= HASHES_AT_ONCE) {
      if (waiting.length >= HASHES_WAITING) throw new HashesBusy('too many slow hashes at once')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running += 1
    try {
      return await hash(code, salt)
    } finally {
      // The next one takes over this place.
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

export function scryptHash(cost: number): SlowHash {
  const options = { N: cost, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }
  return async (code, salt) =>
    await new Promise((resolve, reject) => {
      scrypt(code, salt, 32, options, (error, key) => (error ? reject(error) : resolve(key.toString('base64url'))))
    })
}
