import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Shell, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'

interface Found {
  status: string
  checks: { check: string; status: string; detail: string; fix?: string }[]
}

async function examine({ run }: Shell) {
  const { code, stdout } = await run(['doctor', '--json'])
  const { status, checks } = JSON.parse(stdout) as Found
  const of = (name: string) => checks.find(({ check }) => check === name)
  return { code, status, of, wrong: checks.filter((check) => check.status === 'wrong').map(({ check }) => check) }
}

test('doctor finds nothing wrong with a running daemon that has a backup', async () => {
  const place = await shell()
  await place.serve(['--dev'])
  const before = await examine(place)
  await place.run(['backup', 'create'])

  const after = await examine(place)

  expect(before.of('backup')).toMatchObject({ status: 'warn', fix: 'authd backup create' })
  expect(before).toMatchObject({ code: 1, status: 'warn' })
  expect(after.of('backup')).toMatchObject({ status: 'ok' })
  expect(after.of('public address')).toMatchObject({ status: 'ok' })
  expect(after.wrong).toEqual([])
})

test('doctor without a daemon says so, and ends with 2', async () => {
  const place = await shell()
  await place.run(['migrate'])

  const { code, wrong, of } = await examine(place)

  expect(wrong).toEqual(['daemon'])
  expect(of('daemon')?.fix).toBe('authd service status')
  expect(code).toBe(2)
})

test('doctor names the command that helps for modes, and for a database without its schema or secret', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  const data = join(place.folder, 'authd-data')
  await chmod(data, 0o777)
  await chmod(join(data, 'authd.db'), 0o644)
  await chmod(join(data, 'secret'), 0o644)
  const open = await examine(place)
  await chmod(join(data, 'secret'), 0o600)
  await writeFile(join(data, 'secret'), 'another secret of at least thirty-two bytes')
  const other = await examine(place)
  await rm(join(data, 'authd.db'))
  const missing = await examine(place)

  expect(open.of('data folder')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${data}` })
  expect(open.of('database file')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${join(data, 'authd.db')}` })
  expect(open.of('secret')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${join(data, 'secret')}` })
  expect(other.of('database')).toMatchObject({
    status: 'wrong',
    detail: expect.stringContaining('another server secret'),
  })
  expect(missing.of('database')).toMatchObject({ status: 'wrong', fix: 'authd init' })
  expect([open.code, other.code, missing.code]).toEqual([2, 2, 2])
})

test('doctor says what is wrong with a configuration, and checks nothing else', async () => {
  const place = await shell()
  const { code, stdout } = await place.run(['doctor', '--json'], { env: { AUTHD_SERVER_PORT: '84200' } })

  const { checks } = JSON.parse(stdout) as Found
  expect(checks).toMatchObject([
    { check: 'configuration', status: 'wrong', detail: expect.stringContaining('expected 1..65535') },
  ])
  expect(code).toBe(2)
})

test('doctor on PostgreSQL compares the clocks, and says that backups may be made elsewhere', async () => {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const place = await shell({ data: false })
  const port = await freePort()
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[database]\nurl = "${url}"`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  await place.run(['migrate', '--config', 'authd.toml'])

  const { stdout } = await place.run(['doctor', '--json', '--config', 'authd.toml'])

  const { checks } = JSON.parse(stdout) as Found
  expect(checks).toEqual(
    expect.arrayContaining([
      { check: 'database', status: 'ok', detail: 'PostgreSQL answers, schema and secret fit' },
      { check: 'clock', status: 'ok', detail: expect.stringContaining('s from that of PostgreSQL') },
      { check: 'backup', status: 'ok', detail: 'authd has made no backup, others may have' },
    ]),
  )
})
