/** A PostgreSQL URL as psql reads it: https://www.postgresql.org/docs/current/libpq-connect.html */
export interface PostgresUrl {
  /** In the order in which they are tried. A host that starts with `/` is the folder of a Unix socket. */
  servers: { host: string; port: number }[]
  user: string
  /** Undefined if the URL has none, for servers that ask for none. */
  password: string | undefined
  database: string
  sslMode: SslMode
  /** Path of a PEM file, or `system` for the public authorities. */
  sslRootCert: string | undefined
  /** Paths of a client certificate and its key. */
  sslCert: string | undefined
  sslKey: string | undefined
  /** Only a server that accepts writes will do. */
  mustBeWritable: boolean
  /** For each server. Milliseconds. */
  connectTimeoutMs: number
  applicationName: string
}

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
export type SslMode = (typeof SSL_MODES)[number]

/** authd always writes, so what prefers a standby is of no use. */
const WRITABLE = new Map([
  ['any', false],
  ['read-write', true],
  ['primary', true],
])

const DEFAULT_PORT = 5432
/** Where Debian's server and psql have it. */
const SOCKET_FOLDER = '/var/run/postgresql'
const CONNECT_TIMEOUT_S = 3

const FORM = /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?@]*)(?:\/([^?/]*))?(?:\?(.*))?$/s

/** What is wrong with a URL. Never contains any part of it that might be a password. */
export class BadPostgresUrl extends Error {
  readonly suggestion: string
  constructor(message: string, suggestion: string) {
    super(message)
    this.suggestion = suggestion
  }
}

/** Throws BadPostgresUrl. */
export function parsePostgresUrl(url: string): PostgresUrl {
  const [, user, password, hosts = '', database, query = ''] = FORM.exec(url) ?? refuseForm(url)
  const written = hosts.split(',').map((text) => decode('host', text))
  // Before the parameters: a "?" in a password would make the rest of it one of them.
  const own = serversOf(written, undefined)
  const parameters = parametersOf(query)
  const { host, port } = parameters
  const servers = host === undefined && port === undefined ? own : serversOf(host?.split(',') ?? written, port)
  const name = parameters.user ?? decode('user', user ?? '')
  // psql takes the user of the operating system, which for authd is another one in each command.
  if (name === '') throw new BadPostgresUrl('names no user', 'Write "postgres://USER@HOST/DATABASE"')
  const target = parameters.target_session_attrs ?? (servers.length > 1 ? 'read-write' : 'any')
  return {
    servers,
    user: name,
    password: parameters.password ?? (password === undefined ? undefined : decode('password', password)),
    database: (parameters.dbname ?? decode('database', database ?? '')) || name,
    ...tlsOf(parameters),
    mustBeWritable: WRITABLE.get(target) ?? refuseValue('target_session_attrs', target, [...WRITABLE.keys()]),
    connectTimeoutMs: secondsOf('connect_timeout', parameters.connect_timeout) * 1000,
    applicationName: parameters.application_name ?? 'authd',
  }
}

const PARAMETERS = [
  'host',
  'port',
  'dbname',
  'user',
  'password',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'target_session_attrs',
  'connect_timeout',
  'application_name',
] as const
type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>

function parametersOf(query: string): Parameters {
  const found: Parameters = {}
  for (const pair of query.split('&').filter((text) => text !== '')) {
    const [written = '', ...rest] = pair.split('=')
    const name = PARAMETERS.find((known) => known === written) ?? refuseParameter(written)
    if (found[name] !== undefined) throw new BadPostgresUrl(`has ${name} twice`, 'Keep one')
    found[name] = decode(name, rest.join('='))
  }
  return found
}

function refuseParameter(name: string): never {
  const known = PARAMETERS.join(', ')
  throw new BadPostgresUrl(`has a parameter that authd does not know: ${shown(name)}`, `Use one of ${known}`)
}

function tlsOf({ sslmode, sslrootcert, sslcert, sslkey }: Parameters) {
  const isSystem = sslrootcert === 'system'
  const mode = sslmode ?? (isSystem ? 'verify-full' : 'prefer')
  const sslMode = SSL_MODES.find((known) => known === mode) ?? refuseValue('sslmode', mode, SSL_MODES)
  if (isSystem && sslMode !== 'verify-full')
    throw new BadPostgresUrl('has sslrootcert=system with a weak sslmode', 'Write sslmode=verify-full')
  if (sslMode === 'verify-ca' && sslrootcert === undefined)
    throw new BadPostgresUrl('has sslmode=verify-ca without sslrootcert', 'Add sslrootcert=/path/to/root.crt')
  if ((sslcert === undefined) !== (sslkey === undefined))
    throw new BadPostgresUrl('has only one of sslcert and sslkey', 'Give both, or neither')
  return { sslMode, sslRootCert: sslrootcert, sslCert: sslcert, sslKey: sslkey }
}

/** `a:5432`, `[::1]`, `/run/postgresql`: with ports of their own, or those of the parameter: one for all, or one each. */
function serversOf(hosts: string[], ports: string | undefined): PostgresUrl['servers'] {
  const given = ports?.split(',')
  if (given && given.length !== 1 && given.length !== hosts.length)
    throw new BadPostgresUrl(`has ${given.length} ports for ${hosts.length} hosts`, 'Give one port, or one for each')
  return hosts.map((text, index) => {
    const [, address, name, port] =
      /^(?:\[([\da-f:.]+(?:%\w+)?)\]|([^[\]:]*))(?::([^:]*))?$/i.exec(text) ?? refuseHost()
    const host = address ?? name
    return { host: host || SOCKET_FOLDER, port: portOf(port ?? given?.[index] ?? given?.[0]) }
  })
}

function refuseHost(): never {
  throw new BadPostgresUrl('has a host that cannot be read', 'Put an IPv6 address in brackets: [::1]')
}

function portOf(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535) return Number(text)
  throw new BadPostgresUrl('has a port that is not a number from 1 to 65535', ENCODE)
}

function secondsOf(name: string, text: string | undefined): number {
  if (text === undefined) return CONNECT_TIMEOUT_S
  if (/^\d{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= 10) return Number(text)
  throw new BadPostgresUrl(`has ${name}=${shown(text)}`, 'Give 1 to 10 seconds')
}

const ENCODE = 'In a password, write @ as %40, : as %3A, / as %2F, ? as %3F and % as %25'

function decode(place: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new BadPostgresUrl(`has a ${place} with a "%" that starts no escape`, ENCODE)
  }
}

function refuseForm(url: string): never {
  if (!/^postgres(?:ql)?:\/\//.test(url))
    throw new BadPostgresUrl('is not a PostgreSQL URL', 'Write "postgres://USER@HOST/DATABASE"')
  throw new BadPostgresUrl('cannot be read: it has one @, : or / too many', ENCODE)
}

function refuseValue(name: string, value: string, allowed: readonly string[]): never {
  throw new BadPostgresUrl(`has ${name}=${shown(value)}`, `Use one of ${allowed.join(', ')}`)
}

/** A parameter that is part of a password with "?" would have other characters. */
function shown(text: string): string {
  return /^[\w.-]{1,40}$/.test(text) ? text : '…'
}
