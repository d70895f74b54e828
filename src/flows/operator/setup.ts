import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Keys } from '../../platform/derived-keys.ts'
import { type Db, StoreError } from '../../store/db.ts'
import { type MigrateOptions, type MigrationState, migrate, schemaState } from '../../store/migrate.ts'
import { findSystemConfig, insertSystemConfig } from '../../store/system-config.ts'

/** The entry that ties a database to its server secret. */
export const SECRET_CHECK = 'secret_check'

/** Throws SCHEMA_NEWER for a database that a newer authd wrote. Returns the pending migrations, and whether that is all of them. */
export async function checkSchema(db: Db): Promise<{ pending: string[]; isEmpty: boolean }> {
  const { migrations, unknown } = await schemaState(db)
  if (unknown.length > 0) {
    throw new AuthdError('SCHEMA_NEWER', {
      message: `The database was written by a newer authd (it has ${unknown.join(', ')}, which this one does not know). Run that version, or restore the backup made before the upgrade.`,
    })
  }
  const pending = migrations.filter(({ appliedAt }) => appliedAt === null).map(({ id }) => id)
  return { pending, isEmpty: pending.length === migrations.length }
}

/** Each migration of this build, with the time it was applied. */
export async function listMigrations(db: Db): Promise<MigrationState[]> {
  return (await schemaState(db)).migrations
}

/**
 * Applies pending migrations and returns their ids: none, if another process has applied them meanwhile. Throws
 * MIGRATION_LOCKED if others still hold the locks at the end of the wait.
 */
export async function applyMigrations(db: Db, now: number, options: MigrateOptions): Promise<string[]> {
  await checkSchema(db)
  try {
    return await migrate(db, now, options)
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== 'busy') throw error
    throw new AuthdError('MIGRATION_LOCKED', { message: error.message, cause: error })
  }
}

/**
 * Says whether a server secret was used with this database. If so, a missing secret file must not be replaced by a new
 * one.
 */
export async function hasServerSecret(db: Db): Promise<boolean> {
  return (await db.read((sql) => findSystemConfig(sql, SECRET_CHECK))) !== undefined
}

/** Ties the database to this server secret. The first process wins. Throws SECRET_MISMATCH for another secret. */
export async function claimServerSecret(deps: Pick<Deps, 'db' | 'clock'> & { keys: Keys }): Promise<void> {
  const value = deps.keys.checkValue()
  const stored = await deps.db.read((sql) => findSystemConfig(sql, SECRET_CHECK))
  if (stored === value) return
  if (stored === undefined) {
    const entry = {
      key: SECRET_CHECK,
      value,
      now: deps.clock.now(),
      by: 'system',
    }
    const winner = await deps.db.write(async (trx) => {
      await insertSystemConfig(trx, entry)
      return await findSystemConfig(trx, SECRET_CHECK)
    })
    if (winner === value) return
  }
  throw new AuthdError('SECRET_MISMATCH', {
    message:
      'The database belongs to another server secret. This one cannot open its sealed keys, tokens and queued mails.',
    suggestions: ['authd config show --section secret', 'put the original secret file back'],
  })
}
