import { AuthdError } from '../../errors.ts'
import { type Db, StoreError } from '../../store/db.ts'
import { type MigrateOptions, type MigrationState, migrate, schemaState } from '../../store/migrate.ts'

/** Throws SCHEMA_NEWER for a database that a newer authd wrote. Returns the pending migrations, and whether that is all of them. */
export async function checkSchema(db: Db): Promise<{ pending: string[]; isEmpty: boolean }> {
  const { migrations, unknown } = await schemaState(db)
  if (unknown.length > 0) {
    throw new AuthdError('SCHEMA_NEWER', {
      message: `The database was written by a newer authd (it has ${unknown.map(({ id }) => id).join(', ')}, which this one does not know). Run that version, or restore the backup made before the upgrade.`,
    })
  }
  const pending = migrations.filter(({ appliedAt }) => appliedAt === null).map(({ id }) => id)
  return { pending, isEmpty: pending.length === migrations.length }
}

/** Each migration of this build and of a newer one that wrote the database, with the time it was applied. */
export async function listMigrations(db: Db): Promise<(MigrationState & { isUnknown: boolean })[]> {
  const { migrations, unknown } = await schemaState(db)
  return [
    ...migrations.map((migration) => ({ ...migration, isUnknown: false })),
    ...unknown.map((migration) => ({ ...migration, isUnknown: true })),
  ]
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
