import type { Knex } from 'knex'
import type { Connector } from './postgres-connection.ts'
import { connectFailure, isOurs, statementFailure } from './postgres-failures.ts'

const CONNECT_MS = 5000

/**
 * A migration may take long. It does not wait long for a lock, because every later user of the table waits behind it.
 * LOCAL, because a pooler gives the session to others afterwards.
 */
const SETTINGS = `SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
  SET LOCAL lock_timeout = 2000`

/** Only migrations load knex. `compileSqlOnError: false`, because it would put bound values into error texts. */
export async function migrateWith<Result>(
  connector: Connector,
  work: (trx: Knex.Transaction) => Promise<Result>,
): Promise<Result> {
  // Finds the server that takes writes.
  const probe = await connector.connect(performance.now() + CONNECT_MS)
  const { server } = probe
  await probe.close()
  const { default: knex } = await import('knex')
  const opened = knex({
    client: 'pg',
    connection: connector.settings() as Knex.PgConnectionConfig,
    compileSqlOnError: false,
    pool: { min: 0, max: 1 },
    acquireConnectionTimeout: CONNECT_MS,
    log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  })
  try {
    return await opened.transaction(async (trx) => {
      await trx.raw(SETTINGS)
      return await work(trx)
    })
  } catch (error) {
    throw failureOf(error, server)
  } finally {
    await opened.destroy()
  }
}

/** An error that does not come from the server or its connection is an error of the migration itself. */
function failureOf(error: unknown, server: string): unknown {
  if (error instanceof Error && error.name === 'KnexTimeoutError') return connectFailure(error, server)
  const failure = error instanceof Error && 'code' in error ? statementFailure(error, server) : undefined
  return failure === undefined || isOurs(failure) ? error : failure
}
