import { expect, onTestFinished, test } from 'vitest'
import { type Db, StoreError, type Trx } from '../../src/store/db.ts'
import { openDatabase } from '../../src/store/open.ts'
import { findSystemConfig, insertSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'

async function open(): Promise<Db> {
  const { options, remove } = await freshDatabase('sqlite')
  const db = await openDatabase(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  return db
}

function put(trx: Trx, key: string, value = '1'): Promise<boolean> {
  return insertSystemConfig(trx, { key, value, now: 0, by: 'test' })
}

/** Allows no more pages, so the next large row ends the transaction with SQLITE_FULL. */
async function fillDisk(trx: Trx): Promise<void> {
  const { page_count } = (await trx.one<{ page_count: number }>('PRAGMA page_count')) ?? { page_count: 1 }
  await trx.one(`PRAGMA max_page_count = ${page_count}`)
  await put(trx, 'large', 'x'.repeat(200_000))
}

function found(db: Db, key: string): Promise<string | undefined> {
  return db.read((sql) => findSystemConfig(sql, key))
}

test('when SQLite ends the transaction of a group, the whole group fails, leaves nothing, and the next unit works', async () => {
  const db = await open()

  const outcomes = await Promise.allSettled([
    db.write((trx) => put(trx, 'before')),
    db.write(fillDisk),
    db.write((trx) => put(trx, 'after')),
  ])
  const healed = await db.write((trx) => put(trx, 'healed'))

  const [before, full, after] = outcomes
  // On a busy machine the first unit may have had a group of its own.
  const isAlone = before?.status === 'fulfilled'
  expect(full).toMatchObject({ status: 'rejected', reason: { name: 'StoreError', kind: 'unavailable' } })
  // It waited for the next group, which uses a new connection.
  expect(after?.status).toBe('fulfilled')
  expect(healed).toBe(true)
  expect([await found(db, 'before'), await found(db, 'after'), await found(db, 'healed')]).toEqual([
    isAlone ? '1' : undefined,
    '1',
    '1',
  ])
})

test('a unit that goes on after SQLite ended its transaction writes nothing in autocommit', async () => {
  const db = await open()

  const outcome = db.write(async (trx) => {
    await fillDisk(trx).catch(() => undefined)
    await put(trx, 'small')
  })

  await expect(outcome).rejects.toBeInstanceOf(StoreError)
  expect(await found(db, 'small')).toBeUndefined()
})

test('reads continue while writes fail', async () => {
  const db = await open()
  await db.write((trx) => put(trx, 'known'))

  await db.write(fillDisk).catch(() => undefined)

  expect(await found(db, 'known')).toBe('1')
})

test('a read that is running while connections are renewed fails with a request to retry', async () => {
  const db = await open()

  const reading = db.read(async (sql) => {
    await findSystemConfig(sql, 'first')
    await db.write(fillDisk).catch(() => undefined)
    return await findSystemConfig(sql, 'second')
  })

  await expect(reading).rejects.toMatchObject({ name: 'StoreError', kind: 'unavailable' })
})

test('a violated constraint fails its unit, not the group', async () => {
  const db = await open()

  const outcomes = await Promise.allSettled([
    db.write((trx) => put(trx, 'before')),
    db.write((trx) => trx.run("INSERT INTO leases (name) VALUES ('half')")),
    db.write((trx) => put(trx, 'after')),
  ])

  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).not.toMatchObject({ reason: { name: 'StoreError' } })
})
