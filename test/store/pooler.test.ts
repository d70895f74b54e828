import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/store/db.ts'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { findSystemConfig, insertSystemConfig, listSystemConfig } from '../../src/store/system-config.ts'
import { emptyDatabase, freshDatabase } from '../support/databases.ts'
import { PGBOUNCER, startPgbouncer } from '../support/pgbouncer.ts'
import { startProxy } from '../support/postgres-proxy.ts'
import { until } from '../support/until.ts'

function socketOf(url: string | undefined) {
  const { searchParams, pathname } = new URL(url ?? '')
  return { folder: searchParams.get('host') ?? '', database: pathname.slice(1) }
}

async function open(options: Parameters<typeof openDatabase>[0]): Promise<Db> {
  const db = await openDatabase(options)
  onTestFinished(() => db.close())
  return db
}

const put = (db: Db, key: string) =>
  db.write(async (trx) => {
    await insertSystemConfig(trx, { key, value: '1', now: 0, by: 'test' })
    return await findSystemConfig(trx, key)
  })
const timeout = "SELECT current_setting('statement_timeout') AS value"

test('through a pooler, sessions are left as they were: no prepared statements, and limits only inside units', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const { folder, database } = socketOf(options.url)
  const proxy = await startProxy({ path: `${folder}/.s.PGSQL.5432` })
  // As a pooler does, which has sessions of its own.
  proxy.inventProcessIds()
  const db = await open({ ...options, url: `postgres://postgres@${proxy.address}/${database}` })

  await put(db, 'one')
  const inside = await db.write((trx) => trx.one(timeout))
  const outside = await db.read((sql) => sql.one(timeout))
  const prepared = await db.read((sql) => sql.all('SELECT name FROM pg_prepared_statements'))

  expect([inside, outside, prepared]).toEqual([{ value: '5s' }, { value: '0' }, []])
})

test('without a pooler, sessions keep their limits and prepared statements', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const db = await open({ ...options, poolSize: 1 })

  const limit = await db.read((sql) => sql.one(timeout))
  const prepared = await db.read((sql) => sql.all('SELECT name FROM pg_prepared_statements'))

  expect(limit).toEqual({ value: '5s' })
  expect(prepared.length).toBeGreaterThanOrEqual(2)
})

if (existsSync(PGBOUNCER)) {
  test('migrations, units and reads work through PgBouncer in transaction mode, also after it was killed', async () => {
    const { options, remove } = await emptyDatabase('postgres')
    onTestFinished(remove)
    const { folder, database } = socketOf(options.url)
    const pooler = await startPgbouncer(folder)
    const db = await open({ ...options, url: pooler.url(database) })
    await until(() => db.read((sql) => sql.one('SELECT 1')))

    await migrate(db, 1)
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
    await Promise.all(keys.flatMap((key) => [put(db, key), db.read((sql) => findSystemConfig(sql, key))]))
    await pooler.kill()
    await pooler.start()
    await until(() => put(db, 'after'))

    const kept = await db.read((sql) => listSystemConfig(sql, ''))
    expect(kept.map(({ key }) => key).sort()).toEqual([...keys, 'after'].sort())
    expect((await schemaState(db)).migrations.every(({ appliedAt }) => appliedAt === 1)).toBe(true)
    expect(await db.read((sql) => sql.one(timeout))).toEqual({ value: '0' })
  })
} else {
  process.stdout.write(`Left out: the test with PgBouncer, because ${PGBOUNCER} is not installed.\n`)
}
