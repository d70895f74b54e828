import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Keys } from '../../platform/keys.ts'
import type { Db } from '../../store/db.ts'
import { type MigrationState, migrate, schemaState } from '../../store/migrate.ts'
import { findSystemConfig, insertSystemConfig } from '../../store/system-config.ts'

const SECRET_CHECK = 'secret_check'

/** Refuses a database that a newer authd wrote, and, unless told to apply them, one with pending migrations. */
export async function checkSchema(db: Db): Promise<{ pending: string[] }> {
  const { migrations, unknown } = await schemaState(db)
  if (unknown.length > 0) {
    throw new AuthdError('SCHEMA_NEWER', {
      message: `The database was written by a newer authd (it has ${unknown.join(', ')}, which this one does not know). Run that version, or restore the backup made before the upgrade.`,
    })
  }
  return {
    pending: migrations.filter(({ appliedAt }) => appliedAt === null).map(({ id }) => id),
  }
}

/** Each migration this build knows, with when it was applied. */
export async function listMigrations(db: Db): Promise<MigrationState[]> {
  return (await schemaState(db)).migrations
}

/** Applies what is missing; answers the ids. `busy` if another process is at it. */
export async function applyMigrations(db: Db, now: number): Promise<string[]> {
  await checkSchema(db)
  return await migrate(db, now)
}

/** Has a server secret been used with this database? Then a missing file must not be papered over with a new one. */
export async function hasServerSecret(db: Db): Promise<boolean> {
  return (await db.read((sql) => findSystemConfig(sql, SECRET_CHECK))) !== undefined
}

/** Ties the database to this server secret; the first process wins, and another secret is refused. */
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
      'The database belongs to another server secret. Its sealed keys, tokens and queued mails cannot be opened with this one.',
    suggestions: ['authd config show --section secret', 'put the original secret file back'],
  })
}
