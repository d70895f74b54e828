import { expect, onTestFinished, test } from 'vitest'
import type { Db, Trx } from '../../src/store/db.ts'
import { openDatabase } from '../../src/store/open.ts'
import { insertUser, lockUser } from '../../src/store/users.ts'
import { freshDatabase } from '../support/databases.ts'
import { until } from '../support/until.ts'

async function open(): Promise<{ db: Db; options: Parameters<typeof openDatabase>[0] }> {
  const { options, remove } = await freshDatabase('postgres')
  const db = await openDatabase(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  await db.write(async (trx) => {
    for (const name of ['ada', 'bob']) {
      const email = `${name}@example.com`
      await insertUser(trx, { id: name, email, emailTyped: email, name, emailVerifiedAt: null, createdAt: 0 })
    }
  })
  return { db, options }
}

test('when two units deadlock, PostgreSQL aborts one, and it runs again', async () => {
  const { db } = await open()
  let runs = 0
  const bothHoldOne = Promise.withResolvers<void>()
  const lockInTurn = (first: string, second: string) => async (trx: Trx) => {
    runs += 1
    await lockUser(trx, first)
    if (runs === 2) bothHoldOne.resolve()
    await bothHoldOne.promise
    await lockUser(trx, second)
    return 'done'
  }

  const outcomes = await Promise.all([db.write(lockInTurn('ada', 'bob')), db.write(lockInTurn('bob', 'ada'))])

  expect(outcomes).toEqual(['done', 'done'])
  // Three, or more if the second run deadlocks again.
  expect(runs).toBeGreaterThanOrEqual(3)
})

test('a unit whose connection is cut fails as unavailable, and the next one gets a new connection', async () => {
  const { db } = await open()
  const cutOwn = (trx: Trx) => trx.one('SELECT pg_terminate_backend(pg_backend_pid())')

  const cut = db.write(cutOwn)

  await expect(cut).rejects.toMatchObject({ name: 'StoreError', kind: 'unavailable' })
  expect(await db.write(async () => 'works')).toBe('works')
})

test('when the server ends an idle connection, the daemon goes on with a new one', async () => {
  const { db, options } = await open()
  const other = await openDatabase(options)
  onTestFinished(() => other.close())

  const ended = await other.read((sql) =>
    sql.all(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    ),
  )

  expect(ended.length).toBeGreaterThan(0)
  await until(() => db.read((sql) => sql.one('SELECT 1')))
  expect(await db.write(async () => 'works')).toBe('works')
})

test('more concurrent units than connections all complete', async () => {
  const { db } = await open()

  const outcomes = await Promise.all(Array.from({ length: 60 }, () => db.write((trx) => lockUser(trx, 'ada'))))

  expect(outcomes.every((user) => user?.id === 'ada')).toBe(true)
})
