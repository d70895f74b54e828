import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { Trx } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { findSystemConfig, insertSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'

async function open(lockWaitMs = 5000) {
  const { options, remove } = await freshDatabase('sqlite')
  const { path } = options
  const db = openSqlite({ path, busyTimeoutMs: 25, lockWaitMs })
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  await migrate(db, 0)
  return { db, path }
}

/** Another process that holds the writer's lock; resolves once it has it. */
async function holdLock(path: string, ms: number): Promise<ChildProcess> {
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)})
    db.exec('BEGIN IMMEDIATE')
    db.exec("INSERT INTO system_config (key, value, updated_at, updated_by) VALUES ('theirs', '1', 0, 'test')")
    console.log('held')
    setTimeout(() => db.exec('COMMIT'), ${ms})`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return child
}

function putMine(trx: Trx): Promise<boolean> {
  return insertSystemConfig(trx, { key: 'mine', value: '1', now: 0, by: 'test' })
}

/** The longest time that the event loop stood still until the work was done. */
async function longestPause(work: Promise<unknown>): Promise<number> {
  let isDone = false
  const watch = async () => {
    let longest = 0
    for (let last = performance.now(); !isDone; ) {
      await nextTurn()
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
    }
    return longest
  }
  const watching = watch()
  await work.finally(() => {
    isDone = true
  })
  return await watching
}

test('a writer in another process delays a unit, and neither the event loop nor a read', async () => {
  const { db, path } = await open()
  await holdLock(path, 400)
  const startedAt = performance.now()

  const writing = db.write(putMine)
  const read = await db.read((sql) => findSystemConfig(sql, 'theirs'))
  const readAfter = performance.now() - startedAt
  const pause = await longestPause(writing)

  expect(performance.now() - startedAt).toBeGreaterThan(250)
  expect(read).toBeUndefined()
  expect(readAfter).toBeLessThan(100)
  expect(pause).toBeLessThan(100)
  expect(await db.read((sql) => findSystemConfig(sql, 'theirs'))).toBe('1')
})

test('a lock that is never let go is told as busy, to all who wait, and what follows works', async () => {
  const { db, path } = await open(200)
  await holdLock(path, 700)

  const outcomes = await Promise.allSettled([db.write(putMine), db.write(putMine)])

  const busy = { status: 'rejected', reason: { name: 'StoreError', kind: 'busy' } }
  expect(outcomes).toMatchObject([busy, busy])
  await expect.poll(() => db.write(putMine), { timeout: 3000 }).toBe(true)
})

test('a process that was killed in the middle of its unit leaves nothing', async () => {
  const { db, path } = await open()
  const holder = await holdLock(path, 60_000)
  const writing = db.write(putMine)

  holder.kill('SIGKILL')
  await writing

  expect(await db.read((sql) => findSystemConfig(sql, 'theirs'))).toBeUndefined()
})

test('what another process commits changes the version that this one sees', async () => {
  const { db, path } = await open()
  const before = db.foreignVersion()
  await db.write(putMine)
  const afterOwn = db.foreignVersion()

  await holdLock(path, 0)
  await expect.poll(() => db.foreignVersion()).not.toBe(before)

  expect(afterOwn).toBe(before)
})
