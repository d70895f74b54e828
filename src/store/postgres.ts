import { hash } from 'node:crypto'
import type pg from 'pg'
import { atTurnEnd } from '../platform/event-loop.ts'
import { parsePostgresUrl } from '../platform/net/postgres-url.ts'
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
import { createPool } from './pool.ts'
import { listenForChanges } from './postgres-changes.ts'
import { type Connection, createConnector, SESSION_SETTINGS } from './postgres-connection.ts'
import { commitUnknown, PostgresFailure, statementFailure } from './postgres-failures.ts'
import { migrateWith } from './postgres-migration.ts'
import { COMMIT_MS, type Retrying, retried, UNIT_MS } from './postgres-retry.ts'

export interface PostgresOptions extends Pick<Retrying, 'jitter' | 'pause'> {
  url: string
  poolSize: number
  timer?: StatementTimer | undefined
}

/** Ends a statement that the server did not end: server, pooler or network do not answer. Milliseconds, as below. */
const QUERY_MS = 6000
/** How long a unit waits for a connection. */
const WAIT_MS = 5000
const IDLE_MS = 30_000

const BEGIN = 'BEGIN'
/** A pooler gives each transaction another session, which must stay as it was. */
const BEGIN_POOLED = [
  BEGIN,
  ...Object.entries(SESSION_SETTINGS).map(([name, value]) => `SET LOCAL ${name} = ${value}`),
].join('; ')

interface Statement {
  name: string
  text: string
  kind: StatementKind
}

/** What a try may use, until when (performance.now). */
interface Try {
  connection: Connection
  until: number
}

/** Each unit is a transaction at READ COMMITTED on a connection of the pool. */
export function openPostgres(options: PostgresOptions): Db {
  const { jitter, pause, timer } = options
  const connector = createConnector(parsePostgresUrl(options.url))
  const pool = createPool({ size: options.poolSize, idleMs: IDLE_MS, connect: connector.connect })
  const commits = commitListeners()
  const changes = listenForChanges(connector)

  async function query({ connection, until }: Try, kind: StatementKind, config: pg.QueryConfig) {
    const startedAt = performance.now()
    if (startedAt >= until) throw new StoreError('unavailable', `PostgreSQL at ${connection.server} is too slow.`)
    const limits = { query_timeout: Math.ceil(Math.min(QUERY_MS, until - startedAt)) }
    sendTogether(connection)
    try {
      return await connection.client.query({ ...config, ...limits })
    } catch (error) {
      throw statementFailure(error, connection.server) ?? error
    } finally {
      timer?.(kind, (performance.now() - startedAt) / 1000)
    }
  }

  async function run(at: Try, text: string, values: Value[] = []): Promise<pg.QueryResult> {
    const { kind, name, text: numbered } = prepare(text)
    return await query(at, kind, { text: numbered, values, ...(at.connection.isDirect && { name }) })
  }

  function reads(at: Try): Sql {
    return {
      dialect: 'postgres',
      one: async <Row>(text: string, values?: Value[]) => (await run(at, text, values)).rows[0] as Row | undefined,
      all: async <Row>(text: string, values?: Value[]) => (await run(at, text, values)).rows as Row[],
    }
  }

  async function transaction<Result>({ connection, until }: Try, unit: (trx: Trx) => Promise<Result>): Promise<Result> {
    const at = { connection, until: until - COMMIT_MS }
    const listeners: (() => void)[] = []
    const sent: Promise<unknown>[] = []
    const later = (answer: Promise<unknown>) => {
      answer.catch(() => undefined)
      sent.push(answer)
    }
    const begun = query(at, 'begin', { text: connection.isDirect ? BEGIN : BEGIN_POOLED })
    later(begun)
    try {
      const result = await asUnit(() =>
        unit({
          ...reads(at),
          run: async (text, values) => (await run(at, text, values)).rowCount ?? 0,
          send: (text, values) => later(run(at, text, values)),
          afterCommit: (listener) => listeners.push(listener),
        }),
      )
      // On a connection that was lost before, no COMMIT is sent: the unit can be tried again.
      await begun
      await commit({ connection, until })
      callEach(listeners)
      return result
    } catch (error) {
      // After a failure PostgreSQL rejects what follows, but a COMMIT that was lost may have been carried out.
      const first = isUnknown(error) ? error : ((await firstFailure(sent)) ?? error)
      // A connection that cannot roll back is not used again, and the server rolls back when it is closed.
      if (!isLost(first)) await query({ connection, until }, 'other', { text: 'ROLLBACK' }).catch(() => undefined)
      throw first
    }
  }

  async function commit(at: Try): Promise<void> {
    const { command } = await query(at, 'commit', { text: 'COMMIT' }).catch((error) => {
      throw isLost(error) ? commitUnknown(error, at.connection.server) : error
    })
    // PostgreSQL answers a COMMIT after a failed statement with ROLLBACK, and no error.
    if (command !== 'COMMIT') throw new Error('a unit of work went on after one of its statements had failed')
  }

  async function onConnection<Result>(until: number, work: (at: Try) => Promise<Result>): Promise<Result> {
    const connection = await pool.take(Math.min(until, performance.now() + WAIT_MS))
    try {
      return await work({ connection, until })
    } catch (error) {
      // The reason, such as a failover, is one for the others as well.
      if (isLost(error)) pool.renew(connection)
      throw error
    } finally {
      pool.give(connection, connection.client.getTransactionStatus() === 'I')
    }
  }

  async function tried<Result>(work: (at: Try) => Promise<Result>): Promise<Result> {
    const until = performance.now() + UNIT_MS
    return await retried(() => onConnection(until, work), { until: until - COMMIT_MS, jitter, pause })
  }

  return {
    dialect: 'postgres',
    async read(work) {
      refuseInsideUnit('db.read')
      return await tried((at) => work(reads(at)))
    },
    async write<Result>(unit: (trx: Trx) => Promise<Result>) {
      refuseInsideUnit('db.write')
      const result = await tried((at) => transaction(at, unit))
      commits.notify()
      return result
    },
    async time() {
      const text = 'SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint) AS now'
      return (await this.read((sql) => sql.one<{ now: number }>(text)))?.now
    },
    migrate: (work) => migrateWith(connector, work),
    onChange: changes.onChange,
    onCommit: commits.onCommit,
    async close() {
      await changes.close()
      await pool.close()
    },
  }
}

/** What is sent before anybody waits for an answer is one write to the socket. */
function sendTogether({ client }: Connection): void {
  const { stream } = client.connection
  stream.cork()
  atTurnEnd(() => stream.uncork())
}

function isUnknown(error: unknown): boolean {
  return error instanceof StoreError && error.kind === 'unknown'
}

async function firstFailure(sent: Promise<unknown>[]): Promise<unknown> {
  const outcomes = await Promise.allSettled(sent)
  return outcomes.find((outcome) => outcome.status === 'rejected')?.reason
}

function isLost(error: unknown): boolean {
  return error instanceof PostgresFailure && error.fault.isLost
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
