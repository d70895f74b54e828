import { getSystemErrorMessage } from 'node:util'

/** What follows from a fault of the machine, its disks or its network. */
export type TroubleKind = 'missing' | 'exists' | 'denied' | 'unwritten' | 'unreachable'

/** The errors of the operating system (errno) that say something about its state, and nothing about authd. */
const KINDS = new Map<string, TroubleKind>(
  Object.entries({
    missing: ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO', 'ENODEV'],
    exists: ['EEXIST', 'ENOTEMPTY'],
    denied: ['EACCES', 'EPERM'],
    unwritten: ['EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EPIPE', 'ESTALE'],
    unreachable: [
      ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH'],
      ...['ENETDOWN', 'ENOTFOUND', 'EAI_AGAIN', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'],
      ...['EAGAIN', 'EBUSY', 'ETXTBSY', 'EMFILE', 'ENFILE', 'ENOMEM'],
    ],
  } satisfies Record<TroubleKind, string[]>).flatMap(([kind, codes]) =>
    codes.map((code) => [code, kind as TroubleKind] as const),
  ),
)

/** Calls that make something: nothing was to be read, so nothing that was named is missing. */
const MAKING = new Set(['mkdir', 'mkdtemp', 'link', 'rename'])

/** What the operating system refused, and why. Undefined for any other error. */
export function systemTrouble(error: unknown): { kind: TroubleKind; message: string } | undefined {
  const known = innermost(error)
  if (!(known instanceof Error && 'syscall' in known && 'code' in known)) return undefined
  const found = KINDS.get(String(known.code))
  if (found === undefined) return undefined
  const kind = found === 'missing' && MAKING.has(String(known.syscall)) ? 'unwritten' : found
  const { path, address, port, hostname, dest } = known as NodeJS.ErrnoException & Record<string, unknown>
  const where = path ?? (address === undefined ? hostname : `${address}${port === undefined ? '' : `:${port}`}`)
  const named = [known.syscall, where, ...(dest === undefined ? [] : ['to', dest])].filter(Boolean).join(' ')
  return { kind, message: `${named}: ${systemReason(known)}` }
}

/** Why something failed, in the words of the operating system. */
export function systemReason(error: unknown): string {
  const known = innermost(error)
  if (!(known instanceof Error)) return String(known)
  const number = 'errno' in known && typeof known.errno === 'number' ? -Math.abs(known.errno) : 0
  // Node's rm and cp give the number without its sign, and getSystemErrorMessage throws for what is not a negative integer.
  return Number.isSafeInteger(number) && number < 0
    ? getSystemErrorMessage(number)
    : known.message.replace(NODE_ADVICE, '')
}

/** What Node says to developers about a certificate. */
const NODE_ADVICE = /; if the root CA is installed locally.*$/s

/** A name with several addresses fails with one error for each. */
function innermost(error: unknown): unknown {
  return error instanceof AggregateError ? (error.errors[0] ?? error) : error
}
