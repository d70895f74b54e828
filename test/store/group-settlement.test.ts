import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import type { Trx } from '../../src/store/db.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { insertSystemConfig, listSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'

function put(trx: Trx, key: string): Promise<boolean> {
  return insertSystemConfig(trx, { key, value: '1', now: 0, by: 'test' })
}

/** A database on which the statement of this number fails: BEGIN is 1, then SAVEPOINT, INSERT and RELEASE of each unit. */
async function failingAt(number: number) {
  const { options, remove } = await freshDatabase('sqlite')
  let count = 0
  const timer = () => {
    count += 1
    if (count === number) throw new Error('injected')
  }
  const db = openSqlite({ ...options, timer })
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  return db
}

const KEYS = ['a', 'b', 'c']

test.each(Array.from({ length: 3 * KEYS.length + 2 }, (_, at) => at + 1))(
  'when statement %i of a group fails, every unit is settled, what was acknowledged is kept, and writing continues',
  async (number) => {
    const db = await failingAt(number)

    const outcomes = await Promise.allSettled(KEYS.map((key) => db.write((trx) => put(trx, key))))
    const next = await db.write((trx) => put(trx, 'next'))

    const kept = await db.read((sql) => listSystemConfig(sql, ''))
    const acknowledged = KEYS.filter((_, at) => outcomes[at]?.status === 'fulfilled')
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true)
    expect(kept.map(({ key }) => key)).toEqual(expect.arrayContaining([...acknowledged, 'next']))
    expect(next).toBe(true)
  },
)

test('a unit that uses its transaction after its end writes nothing', async () => {
  const db = await failingAt(0)
  let kept: Trx | undefined
  await db.write(async (trx) => {
    kept = trx
  })

  const late = db.write(async () => {
    if (kept) await put(kept, 'late')
  })

  await expect(late).rejects.toThrow('a unit of work went on after its end')
  expect(await db.read((sql) => listSystemConfig(sql, ''))).toEqual([])
})

const LISTENERS_THAT_THROW = `
  const { openSqlite } = await import('./src/store/sqlite.ts')
  const { insertSystemConfig } = await import('./src/store/system-config.ts')
  process.on('unhandledRejection', (error) => console.log(error.message))
  const db = openSqlite({ path: process.argv[1], busyTimeoutMs: 25 })
  const fail = (name) => () => { throw new Error(name) }
  const put = (key, trx) => insertSystemConfig(trx, { key, value: '1', now: 0, by: 'test' })
  db.onCommit(fail('on commit'))
  db.onCommit(() => console.log('another listener'))
  await Promise.all([
    db.write(async (trx) => { trx.afterCommit(fail('after commit')); await put('a', trx) }),
    db.write((trx) => put('b', trx)),
  ])
  await db.write((trx) => put('c', trx))
  console.log('written')`

test('a listener of a commit that throws undoes nothing, keeps nobody waiting, and is reported', async () => {
  const { options, remove } = await freshDatabase('sqlite')
  onTestFinished(remove)

  const argv = ['--input-type=module', '-e', LISTENERS_THAT_THROW, options.path]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])

  // How many units share a commit depends on the machine, so the listeners may speak more than once.
  const lines = new Set(said.trim().split('\n'))
  expect([...lines].sort()).toEqual(['after commit', 'another listener', 'on commit', 'written'])
})
