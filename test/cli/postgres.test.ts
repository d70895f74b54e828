import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS } from '../../migrations/index.ts'
import { openDatabase } from '../../src/store/open.ts'
import { shell } from '../support/cli.ts'
import { applyMigration } from '../support/old-schema.ts'
import { freshPostgres } from '../support/postgres.ts'
import { standInPostgresTools } from '../support/stand-in-postgres-tools.ts'

async function configured(url: string) {
  const place = await shell({ data: false })
  const config = join(place.folder, 'authd.toml')
  const lines = [
    'public_url = "http://localhost:3000"',
    'data_dir = "data"',
    `[database]\nurl = "${url}"`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(config, lines.join('\n'), { mode: 0o600 })
  const env = { PATH: (await standInPostgresTools()).path }
  return (...args: string[]) => place.run([...args, '--config', config], { env })
}

test.each([
  ['users', 'list'],
  ['migrate', 'status'],
  ['migrate', 'up', '--no-backup'],
  ['stats'],
  ['keys', 'rotate', '--yes'],
])('authd %s %s says which PostgreSQL it cannot reach, why and what to do, and exits with 69', async (...args) => {
  const run = await configured('postgres://authd@127.0.0.1:1/authd')

  const { code, stdout, stderr } = await run(...args)

  expect({ code, stdout, stderr }).toEqual({
    code: 69,
    stdout: '',
    stderr:
      'authd: PostgreSQL at 127.0.0.1:1 accepts no connections (ECONNREFUSED). Start it, or correct host and port in database.url.\n',
  })
})

test('authd migrate up makes no backup of an empty PostgreSQL, and one of an older schema', async () => {
  const [empty, older] = [await freshPostgres(), await freshPostgres()]
  onTestFinished(() => Promise.all([empty.drop(), older.drop()]).then(() => undefined))
  const db = await openDatabase({ url: older.url, path: '', busyTimeoutMs: 25, poolSize: 1, jitter: () => 0 })
  for (const migration of MIGRATIONS.slice(0, -1)) await applyMigration(db, migration)
  await db.close()

  const first = await (await configured(empty.url))('migrate', 'up', '--json')
  const second = await (await configured(older.url))('migrate', 'up')

  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(first.stdout)).toMatchObject({ changed: true, backup: null })
  expect(second).toMatchObject({ code: 0, stdout: expect.stringMatching(/^backup {2}\S+\.dump$/m) })
})
