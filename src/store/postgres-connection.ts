import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import pg from 'pg'
import type { PostgresUrl } from '../platform/net/postgres-url.ts'
import { StoreError } from './db.ts'
import type { Pooled } from './pool.ts'
import { connectFailure, needsWritable, type PostgresFailure } from './postgres-failures.ts'

/** The server ends what takes longer, in milliseconds. */
export const SESSION_SETTINGS = {
  statement_timeout: 5000,
  lock_timeout: 5000,
  idle_in_transaction_session_timeout: 10_000,
}

/** Values of type bigint become numbers: PostgreSQL's counts and authd's times fit. */
const BIGINT = 20
/** An unused connection is probed, so that a lost one is noticed. Milliseconds. */
const KEEP_ALIVE_MS = 10_000
const CLOSE_MS = 1000

export interface Connection extends Pooled {
  client: pg.Client
  /** For people: `db.example.com:5432`. */
  server: string
  /** No pooler is between: settings, prepared statements and notifications of the session last. */
  isDirect: boolean
}

/** One way to log in: a server, with TLS or without. */
interface Target {
  host: string
  port: number
  server: string
  ssl: false | ConnectionOptions
}

export interface Connector {
  /** Tries each server once. Throws a StoreError. */
  connect(until: number): Promise<Connection>
  /** For a client of another kind, to log in where the last one did. */
  settings(): pg.ClientConfig
}

/** Connects as psql does with such a URL. */
export function createConnector(url: PostgresUrl): Connector {
  const targets = targetsOf(url)
  const silent = new Set<string>()
  const asked = new Set<string>()
  let last = 0

  /** The last that would do is first, and servers that did not answer are last. */
  function inOrder(): Target[] {
    const from = [...targets.slice(last), ...targets.slice(0, last)]
    return from.sort((one, other) => Number(silent.has(one.server)) - Number(silent.has(other.server)))
  }

  return {
    async connect(until) {
      const failures: PostgresFailure[] = []
      const left = inOrder()
      for (let target = left.shift(); target; target = left.shift()) {
        const { server } = target
        // Without an answer, asking the same server for a connection without TLS is pointless.
        if (failures.some((failure) => failure.server === server && !failure.hasAnswered)) continue
        // It is enough that one waits for a silent server, if another server has answered.
        if (silent.has(server) && asked.has(server) && failures.length > 0) continue
        // One that is silent leaves the others their share.
        const share = (until - performance.now()) / new Set([server, ...left.map((other) => other.server)]).size
        asked.add(server)
        try {
          const connection = await connectTo(url, target, Math.max(1, Math.min(url.connectTimeoutMs, share)))
          last = targets.indexOf(target)
          silent.delete(server)
          return connection
        } catch (error) {
          const failure = connectFailure(error, server)
          failures.push(failure)
          if (failure.hasAnswered) silent.delete(server)
          else silent.add(server)
        } finally {
          asked.delete(server)
        }
      }
      throw inOne(failures)
    },
    settings: () => settingsOf(url, targets[last] as Target),
  }
}

async function connectTo(url: PostgresUrl, target: Target, timeoutMs: number): Promise<Connection> {
  const client = new pg.Client({ ...settingsOf(url, target), connectionTimeoutMillis: timeoutMs, pipeline: true })
  let isOver = false
  // A lost connection fails its query as well. Without a listener Node would exit.
  client.on('error', () => {
    isOver = true
  })
  client.on('end', () => {
    isOver = true
  })
  try {
    await client.connect()
    const { isDirect, isReadOnly } = await prepareSession(client, timeoutMs)
    if (url.mustBeWritable && isReadOnly) throw needsWritable(target.server)
    return {
      ...{ client, isDirect, server: target.server, close: () => close(client) },
      get isOver() {
        return isOver
      },
    }
  } catch (error) {
    close(client).catch(() => undefined)
    throw error
  }
}

/** In one round trip: whether the session is ours, whether it takes writes, and its settings. */
async function prepareSession(client: pg.Client, timeoutMs: number) {
  const settings = Object.entries(SESSION_SETTINGS).map(([name, value]) => `set_config('${name}', '${value}', false)`)
  const query = {
    text: `SELECT is_direct, CASE WHEN is_direct THEN concat(${settings.join(', ')}) END,
             pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on' AS is_read_only
           FROM (SELECT pg_backend_pid() = $1 AS is_direct) AS session`,
    // A pooler invents this number, which is for cancelling a query.
    values: [Reflect.get(client, 'processID')],
    query_timeout: timeoutMs,
  }
  const { rows } = await client.query<{ is_direct: boolean; is_read_only: boolean }>(query)
  return { isDirect: rows[0]?.is_direct === true, isReadOnly: rows[0]?.is_read_only === true }
}

/** Says goodbye, but does not wait for a server that is silent. */
async function close(client: pg.Client): Promise<void> {
  const timer = setTimeout(() => client.connection.stream.destroy(), CLOSE_MS)
  await client.end().catch(() => undefined)
  clearTimeout(timer)
}

function targetsOf(url: PostgresUrl): Target[] {
  return url.servers.flatMap(({ host, port }) => {
    const server = host.startsWith('/')
      ? `${host}/.s.PGSQL.${port}`
      : `${host.includes(':') ? `[${host}]` : host}:${port}`
    // As with psql, a Unix socket has no TLS.
    const ways = host.startsWith('/') ? [false as const] : waysOf(url)
    return ways.map((ssl) => ({ host, port, server, ssl }))
  })
}

/** https://www.postgresql.org/docs/current/libpq-ssl.html */
function waysOf(url: PostgresUrl): Target['ssl'][] {
  const { sslMode, sslRootCert, sslCert, sslKey } = url
  if (sslMode === 'disable') return [false]
  const ca = sslRootCert === undefined || sslRootCert === 'system' ? undefined : readPem('sslrootcert', sslRootCert)
  const tls: ConnectionOptions = {
    // As with psql, a root certificate is used by every mode, and only verify-full compares the host's name.
    rejectUnauthorized: ca !== undefined || sslMode === 'verify-full',
    ...(ca !== undefined && { ca }),
    ...(sslMode !== 'verify-full' && { checkServerIdentity: () => undefined }),
    ...(sslCert !== undefined && { cert: readPem('sslcert', sslCert) }),
    ...(sslKey !== undefined && { key: readPem('sslkey', sslKey) }),
  }
  if (sslMode === 'allow') return [false, tls]
  return sslMode === 'prefer' ? [tls, false] : [tls]
}

function readPem(parameter: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StoreError(
      'unavailable',
      `The ${parameter} of database.url cannot be read (${why}). Correct its path.`,
      error,
    )
  }
}

/** Everything that pg would otherwise take from the environment or a file is named. */
function settingsOf(url: PostgresUrl, { host, port, ssl }: Target): pg.ClientConfig {
  return {
    ...{ host, port, ssl, user: url.user, database: url.database, application_name: url.applicationName },
    password: () => url.password ?? '',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    types: { getTypeParser: (oid, format) => (oid === BIGINT ? Number : pg.types.getTypeParser(oid, format)) },
  }
}

/** The message if several servers failed: each with its reason. */
function inOne(failures: PostgresFailure[]): StoreError {
  const [first, ...rest] = failures
  if (first && rest.length === 0) return first
  const servers = new Map(failures.map((failure) => [failure.server, failure]))
  const message = [...servers.values()].map((failure) => failure.message).join(' ')
  return new StoreError('unavailable', message, failures.at(-1)?.cause)
}
