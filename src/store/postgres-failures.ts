import pg from 'pg'
import { OutdatedRead, StoreError } from './db.ts'
import { CLOSED_STATE } from './postgres-closed-tables.ts'

// Says why PostgreSQL failed. flows/shown-error.ts turns a StoreError into the error that a request or command shows.

/**
 * What may be done about a failure: `again` after a pause; `elsewhere`, once and on another connection; or nothing.
 */
type Remedy = 'again' | 'elsewhere' | 'none'

interface Fault {
  kind: StoreError['kind']
  remedy: Remedy
  /** The connection is of no further use. */
  isLost: boolean
  hasAnswered: boolean
  /** After "PostgreSQL at db.example.com:5432". */
  what: string
  /** What the operator can do. */
  next: string
}

/** A failure that is not a bug of authd, unless the last try still fails with `cause` and `isOurs`. */
export class PostgresFailure extends StoreError {
  readonly fault: Fault
  readonly server: string
  constructor(fault: Fault, server: string, cause?: unknown) {
    super(fault.kind, `PostgreSQL at ${server} ${fault.what}${codeIn(cause)}. ${fault.next}.`, cause)
    this.fault = fault
    this.server = server
  }

  /** The server, or what stands in its place, has spoken. */
  get hasAnswered(): boolean {
    return this.fault.hasAnswered
  }
}

const fault = (what: string, next: string, rest: Partial<Fault> = {}): Fault => ({
  ...{ kind: 'unavailable', remedy: 'none', isLost: false, hasAnswered: true, what, next },
  ...rest,
})
const UNREACHED = { hasAnswered: false } as const
const LOST = { remedy: 'elsewhere', isLost: true } as const
const WAIT = 'Try again in a moment'
const READ_LOG = "Look in the server's log"

const READ_ONLY = fault(
  'is read-only: it is a standby, or a failover is under way',
  'Name every server in database.url, with target_session_attrs=read-write',
  LOST,
)

const CLOSED = fault(
  'is closed, because a copy takes its place',
  'Name the copy in the configuration if it is finished, or open this one again with authd db reopen',
)

/** By class, the first that fits: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const SQL_STATES: [RegExp, Fault][] = [
  [/^40|^23505/, fault('aborted a transaction in favour of another', WAIT, { kind: 'busy', remedy: 'again' })],
  [/^55P03|^57014/, fault('made a statement wait too long', WAIT, { kind: 'busy' })],
  [/^25006/, READ_ONLY],
  [new RegExp(`^${CLOSED_STATE}`), CLOSED],
  // The table has changed, or a pooler has put another server behind the connection.
  [/^0A000|^26000|^42P05/, fault('lost a prepared statement', 'If a pooler is between, see docs/operating.md', LOST)],
  [/^25P0[345]|^08|^57|^58|^XX/, fault('ended the connection', READ_LOG, LOST)],
  [/^53/, fault('has no resources left', 'Look at its disk, its memory and max_connections')],
  [/^28/, fault('rejected the user', 'Correct user and password in database.url, or pg_hba.conf on the server')],
  [/^3D/, fault('has no such database', 'Create it, or correct its name in database.url')],
  [/^42501/, fault('does not give the user that right', "Make the user of database.url the tables' owner")],
]

const NO_ANSWER = fault(
  'does not answer',
  'Look whether it runs, and whether the network lets this machine reach it',
  UNREACHED,
)

const BROKEN = fault('closed the connection', READ_LOG, LOST)

/** By what Node says of a socket. */
const SOCKET_CODES: [RegExp, Fault][] = [
  [
    /^ECONNREFUSED$|^ENOENT$/,
    fault('accepts no connections', 'Start it, or correct host and port in database.url', UNREACHED),
  ],
  [/^ECONNRESET$|^EPIPE$/, BROKEN],
  [/^EACCES$|^EPERM$/, fault('is closed to this user', 'Allow it, or correct the host in database.url', UNREACHED)],
  [
    /^ENOTFOUND$|^EAI_/,
    fault('cannot be found: its name has no address', 'Correct the host in database.url, or DNS', UNREACHED),
  ],
  [
    /CERT|TLS|SSL|SIGNATURE|^CRL_|ISSUER/,
    fault('has a certificate that is rejected', 'Correct sslmode or sslrootcert in database.url'),
  ],
]
const NO_TLS = fault('does not offer TLS', 'Turn it on there, or set sslmode in database.url')
const NO_PASSWORD = fault(
  'wants a password, and database.url has none',
  'Add it: postgres://USER:PASSWORD@HOST/DATABASE',
)

/** Returns why no connection could be made. Every failed attempt to connect counts as an outage. */
export function connectFailure(error: unknown, server: string): PostgresFailure {
  if (error instanceof PostgresFailure) return error
  const found = error instanceof pg.DatabaseError ? inItsWords(error) : faultOfSocket(error)
  return new PostgresFailure({ ...found, remedy: 'none', kind: 'unavailable' }, server, error)
}

/** The server's own words say more, such as which user or database. */
function inItsWords({ code, message }: pg.DatabaseError): Fault {
  const { what, ...rest } = faultOfState(code) ?? fault('refused the connection', READ_LOG)
  return { ...rest, what: `${what}: ${message}` }
}

function faultOfSocket(error: unknown): Fault {
  const message = error instanceof Error ? error.message : ''
  if (message.includes('does not support SSL')) return NO_TLS
  if (message.includes('password must be')) return NO_PASSWORD
  if (message.includes('terminated unexpectedly')) return BROKEN
  return SOCKET_CODES.find(([codes]) => codes.test(codeOf(error)))?.[1] ?? NO_ANSWER
}

/** Why a statement failed; undefined if the statement itself is at fault. */
export function statementFailure(error: unknown, server: string): PostgresFailure | undefined {
  const isSaid = error instanceof pg.DatabaseError
  // pg throws a TypeError for a value that it cannot send. Any other error that is not the server's is the connection's.
  if (error instanceof PostgresFailure || error instanceof TypeError) return undefined
  const found = isSaid ? faultOfState(error.code) : BROKEN
  return found && new PostgresFailure(found, server, error)
}

/** A standby was reached where a server that takes writes is wanted. */
export function needsWritable(server: string): PostgresFailure {
  return new PostgresFailure({ ...READ_ONLY, remedy: 'none' }, server)
}

/** The connection was lost after COMMIT was sent: it may have been carried out or not. */
export function commitUnknown(cause: unknown, server: string): PostgresFailure {
  const rest = { kind: 'unknown', isLost: true, remedy: 'none' } as const
  return new PostgresFailure(fault('did not say whether it committed', 'Look whether it was done', rest), server, cause)
}

export function remedyOf(error: unknown): Remedy {
  if (error instanceof OutdatedRead) return 'again'
  return error instanceof PostgresFailure ? error.fault.remedy : 'none'
}

/** A failure that another try might have avoided, and that is a bug of the unit where it did not. */
export function isOurs(error: unknown): error is PostgresFailure {
  return error instanceof PostgresFailure && /^(?:23505|0A000)$/.test(codeOf(error.cause))
}

function faultOfState(code = ''): Fault | undefined {
  return SQL_STATES.find(([states]) => states.test(code))?.[1]
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function codeIn(error: unknown): string {
  return codeOf(error) === '' ? '' : ` (${codeOf(error)})`
}
