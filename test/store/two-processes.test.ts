import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { Trx } from '../../src/store/db.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { findSystemConfig, insertSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'
import { until } from '../support/until.ts'

async function open(lockWaitMs = 100_000) {
  const { options, remove } = await freshDatabase('sqlite')
  const { path } = options
  const db = openSqlite({ path, busyTimeoutMs: 25, lockWaitMs })
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  return { db, path }
}

interface Holder {
  child: ChildProcess
  /** Commits, which releases the lock. */
  commit(): void
}

/** Another process that holds the write lock. Resolves once it has it. */
async function holdLock(path: string): Promise<Holder> {
  const script = `
    const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)})
    db.exec('BEGIN IMMEDIATE')
    db.exec("INSERT INTO system_config (key, value, updated_at, updated_by) VALUES ('theirs', '1', 0, 'test')")
    console.log('held')
    process.stdin.once('data', () => db.exec('COMMIT'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  await once(child.stdout, 'data')
  return { child, commit: () => child.stdin.write('now') }
}

function putMine(trx: Trx): Promise<boolean> {
  return insertSystemConfig(trx, { key: 'mine', value: '1', now: 0, by: 'test' })
}

test('a writer in another process delays a unit, but neither the event loop nor a read', async () => {
  const { db, path } = await open()
  const holder = await holdLock(path)
  let isWritten = false

  const writing = db.write(putMine).then(() => {
    isWritten = true
  })
  const read = await db.read((sql) => findSystemConfig(sql, 'theirs'))
  const wasWrittenBefore = isWritten
  holder.commit()
  await writing

  expect(read).toBeUndefined()
  expect(wasWrittenBefore).toBe(false)
  expect(await db.read((sql) => findSystemConfig(sql, 'theirs'))).toBe('1')
})

test('a lock that is never released fails all waiting units as busy, and later units work', async () => {
  const { db, path } = await open(200)
  const holder = await holdLock(path)

  const outcomes = await Promise.allSettled([db.write(putMine), db.write(putMine)])
  holder.commit()

  const busy = { status: 'rejected', reason: { name: 'StoreError', kind: 'busy' } }
  expect(outcomes).toMatchObject([busy, busy])
  await until(async () => expect(await db.write(putMine)).toBe(true))
})

test('a process that is killed in the middle of a unit leaves nothing', async () => {
  const { db, path } = await open()
  const { child: holder } = await holdLock(path)
  const writing = db.write(putMine)

  holder.kill('SIGKILL')
  await writing

  expect(await db.read((sql) => findSystemConfig(sql, 'theirs'))).toBeUndefined()
})
