import knex, { type Knex } from 'knex'
import type { ClientConfig } from 'pg'

/** For migrations only. `compileSqlOnError: false`, because knex would put bound values into error texts. */
export function openKnexPostgres(connection: ClientConfig): Knex {
  return knex({
    client: 'pg',
    connection: connection as Knex.PgConnectionConfig,
    compileSqlOnError: false,
    pool: { min: 0, max: 1 },
    acquireConnectionTimeout: 5000,
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  })
}
