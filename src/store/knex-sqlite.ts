import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import knex, { type Knex } from 'knex'
import BetterSqlite3Dialect from 'knex/lib/dialects/better-sqlite3/index.js'
import SqliteTransaction from 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js'

interface KnexQuery {
  sql: string
  bindings?: SQLInputValue[]
  response?: unknown
  context?: { lastID: number | bigint; changes: number | bigint }
}

class ImmediateTransaction extends SqliteTransaction {
  begin(connection: unknown): Promise<unknown> {
    return this.query(connection, 'BEGIN IMMEDIATE;')
  }
}

/** knex's own better-sqlite3 dialect, over node:sqlite. Used for migrations only. */
class NodeSqliteDialect extends BetterSqlite3Dialect {
  _driver() {
    return DatabaseSync
  }

  acquireRawConnection(): Promise<DatabaseSync> {
    const connection = new DatabaseSync(this.connectionSettings.filename, {
      timeout: this.connectionSettings.timeout,
    })
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    return Promise.resolve(connection)
  }

  destroyRawConnection(connection: DatabaseSync): Promise<void> {
    connection.close()
    return Promise.resolve()
  }

  _query(connection: DatabaseSync, query: KnexQuery): Promise<KnexQuery> {
    const statement = connection.prepare(query.sql)
    const bindings = this._formatBindings(query.bindings) as SQLInputValue[]
    if (statement.columns().length > 0) {
      query.response = statement.all(...bindings)
    } else {
      const { changes, lastInsertRowid } = statement.run(...bindings)
      query.response = []
      query.context = { changes, lastID: lastInsertRowid }
    }
    return Promise.resolve(query)
  }

  transaction(...args: unknown[]): unknown {
    return new ImmediateTransaction(this, ...args)
  }
}

/** Blocks so long on another writer. `compileSqlOnError: false`, since knex would put bound values into error texts. */
export async function migrateSqlite<Result>(
  { path, lockWaitMs }: { path: string; lockWaitMs: number },
  work: (trx: Knex.Transaction) => Promise<Result>,
): Promise<Result> {
  const opened = knex({
    client: NodeSqliteDialect as unknown as typeof Knex.Client,
    connection: { filename: path, timeout: lockWaitMs } as Knex.Sqlite3ConnectionConfig,
    useNullAsDefault: true,
    compileSqlOnError: false,
    pool: { min: 1, max: 1 },
    acquireConnectionTimeout: 5000,
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  })
  try {
    return await opened.transaction(work)
  } finally {
    await opened.destroy()
  }
}
