import { hash } from 'node:crypto'
import type { Knex } from 'knex'
import pg from 'pg'
import {
  asUnit,
  callEach,
  commitListeners,
  type Db,
  kindOfStatement,
  refuseInsideUnit,
  type Sql,
  type StatementKind,
  type StatementTimer,
  StoreError,
  type Trx,
  type Value,
} from './db.ts'

export interface PostgresOptions {
  url: string
  poolSize: number
  timer?: StatementTimer | undefined
}

const TIMEOUT_MS = 5000
const IDLE_MS = 30_000
const TRIES = 5
const BIGINT = 20
/** Deadlock, serialisation failure, and a unique value that another unit took first. The unit is run again. */
const TRY_AGAIN = new Set(['40P01', '40001', '23505'])
/** Connection and shutdown classes, lock timeout, query cancelled, no connection to be had. */
const UNAVAILABLE = /^(08...|57P..|57014|55P03|53300|ECONN.*|EPIPE|ETIMEDOUT|ENOENT)$/

interface Statement {
  name: string
  text: string
  kind: StatementKind
}

/** Each unit is a transaction at READ COMMITTED on a connection of the pool. */
export function openPostgres(options: PostgresOptions): Db {
  const settings = connectionSettings(options.url)
  const pool = new pg.Pool({ ...settings, max: options.poolSize, idleTimeoutMillis: IDLE_MS })
  const commits = commitListeners()
  // A lost connection fails its query, and the pool drops it. Without listeners Node would exit.
  pool.on('error', () => undefined)
  pool.on('connect', (connection) => connection.on('error', () => undefined))

  async function withConnection<Result>(work: (connection: pg.PoolClient) => Promise<Result>): Promise<Result> {
    const connection = await pool.connect().catch((error) => {
      throw new StoreError('unavailable', 'no connection to PostgreSQL', error)
    })
    try {
      return await work(connection)
    } finally {
      connection.release()
    }
  }

  async function timed<Result>(kind: StatementKind, work: () => Promise<Result>): Promise<Result> {
    if (!options.timer) return await work()
    const startedAt = performance.now()
    const result = await work()
    options.timer(kind, (performance.now() - startedAt) / 1000)
    return result
  }

  async function query(connection: pg.PoolClient, text: string, values: Value[] = []): Promise<pg.QueryResult> {
    const { kind, name, text: numbered } = prepare(text)
    return await timed(kind, () => connection.query({ name, text: numbered, values }))
  }

  function reads(connection: pg.PoolClient): Sql {
    return {
      dialect: 'postgres',
      one: async <Row>(text: string, values?: Value[]) =>
        (await query(connection, text, values)).rows[0] as Row | undefined,
      all: async <Row>(text: string, values?: Value[]) => (await query(connection, text, values)).rows as Row[],
    }
  }

  async function transaction<Result>(connection: pg.PoolClient, unit: (trx: Trx) => Promise<Result>): Promise<Result> {
    await timed('begin', () => connection.query('BEGIN'))
    const listeners: (() => void)[] = []
    try {
      const result = await asUnit(() =>
        unit({
          ...reads(connection),
          run: async (t, v) => (await query(connection, t, v)).rowCount ?? 0,
          afterCommit: (listener) => listeners.push(listener),
        }),
      )
      const { command } = await timed('commit', () => connection.query('COMMIT'))
      // PostgreSQL answers a COMMIT after a failed statement with ROLLBACK, and no error.
      if (command !== 'COMMIT') throw new Error('a unit of work went on after one of its statements had failed')
      callEach(listeners)
      return result
    } catch (error) {
      // A connection that cannot roll back is lost: the server has rolled back, and the pool drops the connection.
      await connection.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  return {
    dialect: 'postgres',
    async read(work) {
      refuseInsideUnit('db.read')
      return await withConnection((connection) => work(reads(connection))).catch(explain)
    },
    async write<Result>(unit: (trx: Trx) => Promise<Result>) {
      refuseInsideUnit('db.write')
      for (let tries = 1; ; tries += 1) {
        try {
          const result = await withConnection((connection) => transaction(connection, unit))
          commits.notify()
          return result
        } catch (error) {
          if (tries >= TRIES || !TRY_AGAIN.has(codeOf(error))) return explain(error)
        }
      }
    },
    async time() {
      const text = 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS now'
      return (await this.read((sql) => sql.one<{ now: number }>(text)))?.now
    },
    openKnex: () => openKnex(settings),
    foreignVersion: () => 0,
    onCommit: commits.onCommit,
    close: () => pool.end(),
  }
}

function connectionSettings(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: TIMEOUT_MS,
    statement_timeout: TIMEOUT_MS,
    lock_timeout: TIMEOUT_MS,
    idle_in_transaction_session_timeout: 2 * TIMEOUT_MS,
    keepAlive: true,
    application_name: 'authd',
    types: {
      getTypeParser: (oid, format) => (oid === BIGINT ? Number : pg.types.getTypeParser(oid, format)),
    },
  }
}

/** For migrations, which alone load it. `compileSqlOnError: false`, because knex would put bound values into error texts. */
async function openKnex(connection: pg.ClientConfig): Promise<Knex> {
  const { default: knex } = await import('knex')
  return knex({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    compileSqlOnError: false,
    pool: { min: 0, max: 1 },
    acquireConnectionTimeout: TIMEOUT_MS,
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  })
}

const statements = new Map<string, Statement>()

/** Each text is prepared once a connection, under a name made of it. */
function prepare(text: string): Statement {
  const known = statements.get(text)
  if (known) return known
  let index = 0
  const made = {
    name: hash('sha1', text),
    text: text.replace(/\?/g, () => `$${++index}`),
    kind: kindOfStatement(text),
  }
  statements.set(text, made)
  return made
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function explain(error: unknown): never {
  const lostConnection = error instanceof Error && /Connection terminated|timeout expired/i.test(error.message)
  if (!(error instanceof StoreError) && (lostConnection || UNAVAILABLE.test(codeOf(error)))) {
    throw new StoreError('unavailable', 'PostgreSQL could not do it', error)
  }
  throw error
}
