import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/store/sqlite.ts'
import { freshDatabase } from '../support/databases.ts'

/** Writes as fast as it can, twenty at a time, and prints each key once its unit is acknowledged. */
const WRITER = `
  const { openSqlite } = await import('./src/store/sqlite.ts')
  const { insertSystemConfig } = await import('./src/store/system-config.ts')
  const [path, round] = process.argv.slice(1)
  const db = openSqlite({ path, busyTimeoutMs: 25 })
  for (let n = 0; ; n += 20) {
    await Promise.all(Array.from({ length: 20 }, async (_, index) => {
      const key = round + ' ' + (n + index)
      await db.write((trx) => insertSystemConfig(trx, { key, value: key, now: 0, by: 'test' }))
      process.stdout.write(key + '\\n')
    }))
  }`

/** Kills the writer after this many keys. Returns all printed keys. */
async function killWhileWriting(path: string, round: number, count: number): Promise<string[]> {
  const argv = ['--input-type=module', '-e', WRITER, path, String(round)]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  while (said.split('\n').length <= count) await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'close')
  // The last line may be cut off in the middle.
  return said.split('\n').slice(0, -1)
}

test('SECURITY: killing the process at any point loses nothing that was acknowledged', async () => {
  const { options, remove } = await freshDatabase('sqlite')
  const db = openSqlite(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })

  const told: string[] = []
  for (const [round, count] of [1, 33, 187, 451, 990].entries()) {
    told.push(...(await killWhileWriting(options.path, round, count)))
  }
  const rows = await db.read((sql) => sql.all<{ key: string }>('SELECT key FROM system_config'))
  const check = await db.read((sql) => sql.one('PRAGMA integrity_check'))

  const kept = new Set(rows.map(({ key }) => key))
  expect(told.length).toBeGreaterThan(100)
  expect(told.filter((key) => !kept.has(key))).toEqual([])
  expect(check).toEqual({ integrity_check: 'ok' })
  expect(await db.write(async () => 'goes on')).toBe('goes on')
})
