import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import type { Db, Dialect } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type DatabaseOptions, openDatabase } from '../../src/store/open.ts'
import { freshPostgres } from './postgres.ts'

export interface FreshDatabase {
  /** For openDatabase: open it as often as the test has processes. */
  options: DatabaseOptions
  remove(): Promise<void>
}

/** The same tests on SQLite and on PostgreSQL. Each `open()` is an empty, migrated database, closed and removed after the last test. */
export function describeOnBoth(name: string, suite: (open: () => Promise<Db>) => void): void {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    describe(`${name} (${dialect})`, () => {
      const cleanups: (() => Promise<void>)[] = []
      afterAll(async () => {
        for (const cleanup of cleanups.reverse()) await cleanup()
      })

      suite(async () => {
        const { options, remove } = await freshDatabase(dialect)
        cleanups.push(remove)
        const db = await openDatabase(options)
        cleanups.push(() => db.close())
        await migrate(db, 0)
        return db
      })
    })
  }
}

/** An empty database without tables. */
export async function freshDatabase(dialect: Dialect): Promise<FreshDatabase> {
  const shared = { busyTimeoutMs: 25, poolSize: 10 }
  if (dialect === 'postgres') {
    const { url, drop } = await freshPostgres()
    return { options: { ...shared, url, path: '' }, remove: drop }
  }
  const folder = await mkdtemp(join(tmpdir(), 'authd-db-'))
  return {
    options: { ...shared, path: join(folder, 'authd.db') },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
