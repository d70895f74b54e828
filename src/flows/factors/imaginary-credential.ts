import type { Deps } from '../../deps.ts'

type Weighted = readonly (readonly [value: number, percent: number])[]

/** How many passkeys people have who have any. */
const COUNTS: Weighted = [
  [1, 60],
  [2, 26],
  [3, 9],
  [4, 2],
  [5, 1],
  [6, 1],
  [7, 1],
]

/** No address appears to have more. */
const SHOWN_MAX = 7
/** The ids of any length between these may be imaginary. In bytes. */
const LEAST_BYTES = 16
const MOST_BYTES = 255
/** In place of a length: any of them, as of rare authenticators. */
const ANY = 0

/** The lengths in bytes of ids that authenticators make, with how common they are. */
const LENGTHS: Weighted = [
  // Google Password Manager, Samsung Pass, Bitwarden and other password managers
  [16, 33],
  // iCloud Keychain
  [20, 27],
  // Windows Hello, Chrome profiles, 1Password
  [32, 25],
  // Security keys: discoverable ones, and those that seal the key into the id
  [48, 5],
  [64, 6],
  [ANY, 4],
]

/**
 * Credentials that do not exist, for an address without passkeys. They are the same each time, and have the lengths and
 * the number of real ones, so that the answer does not reveal who has a passkey (WebAuthn L3 §14.6.2). Neither these nor
 * real ones are sent with transports.
 */
export function imaginaryCredentials(keys: Deps['keys'], email: string): { id: string }[] {
  // An address has no space, so no text is made from two addresses.
  const bytesFor = (use: string) => Buffer.from(keys.mac('imaginary-credential', `${email} ${use}`), 'base64url')
  const choices = bytesFor('choices')
  return Array.from({ length: choose(COUNTS, choices.readUInt32BE(0)) }, (_, at) => {
    const any = LEAST_BYTES + (bytesFor(`${at} length`).readUInt32BE(0) % (MOST_BYTES - LEAST_BYTES + 1))
    const length = choose(LENGTHS, choices.readUInt32BE(4 * (at + 1))) || any
    const bytes = Buffer.concat(Array.from({ length: 8 }, (_, part) => bytesFor(`${at} ${part}`)))
    const body = bytes.subarray(0, length - MARK_BYTES)
    return { id: Buffer.concat([body, markOf(keys, body)]).toString('base64url') }
  })
}

/**
 * Those of the ids of real passkeys, oldest first, that a stranger may see: no more, shorter or longer ones than others
 * seem to have. The rest sign in without an address, and after a first proof.
 */
export function shownCredentials(ids: string[]): { id: string }[] {
  const isUsual = ({ length }: Buffer) => length >= LEAST_BYTES && length <= MOST_BYTES
  const usual = ids.filter((id) => isUsual(Buffer.from(id, 'base64url')))
  return usual.slice(0, SHOWN_MAX).map((id) => ({ id }))
}

/**
 * Says whether authd made this id up. Nobody else can tell. Such an id is refused at enrolment as one that another user
 * has, or enrolling ids from the options of an address would tell which of them are real.
 */
export function isImaginary(keys: Deps['keys'], credentialId: string): boolean {
  const bytes = Buffer.from(credentialId, 'base64url')
  return markOf(keys, bytes.subarray(0, -MARK_BYTES)).equals(bytes.subarray(-MARK_BYTES))
}

/** A real id ends like this once in 2^64. */
const MARK_BYTES = 8

function markOf(keys: Deps['keys'], body: Buffer): Buffer {
  return Buffer.from(keys.mac('imaginary-credential', body.toString('base64url')), 'base64url').subarray(0, MARK_BYTES)
}

/** The value for a random number. The percents add up to 100. */
function choose(weighted: Weighted, random: number): number {
  let left = random % 100
  for (const [value, percent] of weighted) {
    if (left < percent) return value
    left -= percent
  }
  throw new Error('the percents do not add up to 100')
}
