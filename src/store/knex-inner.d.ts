// knex's inner modules, which it does not type: only what knex-sqlite.ts uses.
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  export default class BetterSqlite3Dialect {
    connectionSettings: { filename: string; timeout: number }
    _formatBindings(bindings: unknown[] | undefined): unknown[]
  }
}

declare module 'knex/lib/dialects/sqlite3/execution/sqlite-transaction.js' {
  export default class SqliteTransaction {
    constructor(client: unknown, ...args: unknown[])
    query(connection: unknown, sql: string): Promise<unknown>
  }
}
