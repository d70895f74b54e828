import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'

import { join } from 'node:path'
import { afterAll, describe } from 'vitest'
import type { Db, Dialect } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type DatabaseOptions, openDatabase } from '../../src/store/open.ts'
import { freshPostgres } from './postgres.ts'
import { TEMPORARY } from './temporary.ts'

export interface FreshDatabase {
  /** For openDatabase. Open it once per simulated process. */
  options: DatabaseOptions
  remove(): Promise<void>
}

const SHARED = { busyTimeoutMs: 25, poolSize: 10, jitter: () => 0 }

/** The same tests on SQLite and on PostgreSQL. Each `open()` is a fresh database, closed and removed after the last test. */
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
        return db
      })
    })
  }
}

/** A database with all tables and no rows. */
export async function freshDatabase(dialect: Dialect): Promise<FreshDatabase> {
  if (dialect === 'postgres') return await postgresFrom(await postgresTemplate())
  const database = await sqliteFile()
  await writeFile(database.options.path, await sqliteTemplate())
  return database
}

/** A database without tables. */
export async function emptyDatabase(dialect: Dialect): Promise<FreshDatabase> {
  return dialect === 'postgres' ? await postgresFrom() : await sqliteFile()
}

async function sqliteFile(): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-db-'))
  return {
    options: { ...SHARED, path: join(folder, 'authd.db') },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function postgresFrom(template?: string): Promise<FreshDatabase> {
  const { url, drop } = await freshPostgres(template)
  return { options: { ...SHARED, url, path: '' }, remove: drop }
}

/** Migrating takes longer than most tests, so each process does it once and copies the result. */
const sqliteTemplate = once(async () => {
  const { options, remove } = await sqliteFile()
  await migrateOnce(options)
  const file = await readFile(options.path)
  await remove()
  return file
})

/** The name of the template. It is removed with the server. */
const postgresTemplate = once(async () => {
  const { url, name } = await freshPostgres()
  await migrateOnce({ ...SHARED, url, path: '' })
  return name
})

async function migrateOnce(options: DatabaseOptions): Promise<void> {
  const db = await openDatabase(options)
  await migrate(db, 0)
  await db.close()
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}
