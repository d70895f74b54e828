import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'

async function place(database: string) {
  const here = await shell({ data: false })
  const path = join(here.folder, 'authd.toml')
  const port = await freePort()
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[database]\nurl = "${database}"\nauto_migrate = true`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(path, lines.join('\n'), { mode: 0o600 })
  return { here, args: ['--config', path] }
}

test('authd migrate up exits with 75 where another process still migrates at the end of its wait', async () => {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const { here, args } = await place(url)
  const other = new Client({ connectionString: url })
  await other.connect()
  // The lock of src/store/migrate.ts.
  await other.query('SELECT pg_advisory_lock(4207849)')

  const { code, stdout, stderr } = await here.run(['migrate', 'up', '--timeout', '300ms', ...args])
  await other.end()
  const after = await here.run(['migrate', 'up', ...args])

  expect({ code, stdout }).toEqual({ code: 75, stdout: '' })
  expect(stderr).toContain('Another process is migrating this database. Wait for its end, then try again.')
  expect(after.code).toBe(0)
})
