import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/open.ts'
import { insertSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'

async function openTwice(dialect: 'sqlite' | 'postgres') {
  const { options, remove } = await freshDatabase(dialect)
  const [db, other] = [await openDatabase(options), await openDatabase(options)]
  onTestFinished(async () => {
    await Promise.all([db.close(), other.close()])
    await remove()
  })
  return { db, other, path: options.path }
}

function entry(key: string) {
  return { key, value: '1', now: 0, by: 'test' }
}

test.each(['sqlite', 'postgres'] as const)(
  'SECURITY: a row is visible through another connection once success is reported (%s)',
  async (dialect) => {
    const { db, other } = await openTwice(dialect)
    const seen: unknown[] = []
    const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`)

    await Promise.all(
      keys.map(async (key) => {
        await db.write((trx) => insertSystemConfig(trx, entry(key)))
        seen.push(await other.read((sql) => sql.one('SELECT key FROM system_config WHERE key = ?', [key])))
      }),
    )

    expect(seen).toEqual(expect.arrayContaining(keys.map((key) => ({ key }))))
  },
)

test('SECURITY: units that wait in one turn share one commit of the SQLite file', async () => {
  const { db, path } = await openTwice('sqlite')
  let commits = 0
  db.onCommit(() => {
    commits += 1
  })

  const before = readFileSync(`${path}-wal`).length
  await Promise.all(Array.from({ length: 20 }, (_, n) => db.write((trx) => insertSystemConfig(trx, entry(`key ${n}`)))))
  const pages = (readFileSync(`${path}-wal`).length - before) / 4120

  expect(commits).toBe(1)
  // Twenty separate commits would write each changed page twenty times.
  expect(pages).toBeLessThan(8)
})

test('SQLite is durable at each commit: write-ahead log, synchronous FULL, foreign keys', async () => {
  const { db } = await openTwice('sqlite')

  const settings = await db.write(async (trx) => [
    await trx.one('PRAGMA journal_mode'),
    await trx.one('PRAGMA synchronous'),
    await trx.one('PRAGMA foreign_keys'),
  ])

  expect(settings).toEqual([{ journal_mode: 'wal' }, { synchronous: 2 }, { foreign_keys: 1 }])
})
