import { statSync } from 'node:fs'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Shell, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'

interface Found {
  status: string
  checks: { area: string; check: string; status: string; detail: string; fix?: string }[]
}

async function examine({ run }: Shell, ...flags: string[]) {
  const { code, stdout } = await run(['doctor', '--json', '--offline', ...flags])
  const { status, checks } = JSON.parse(stdout) as Found
  const of = (name: string) => checks.find(({ check }) => check === name)
  return { code, status, of, wrong: checks.filter((check) => check.status === 'wrong').map(({ check }) => check) }
}

test('doctor finds nothing wrong with a running daemon that has a backup', async () => {
  const place = await shell()
  await chmod(join(place.folder, 'authd-data'), 0o700)
  await place.serve(['--dev'])
  const before = await examine(place)
  await place.run(['backup', 'create'])

  const strict = await examine(place, '--strict')
  const after = await place.run(['doctor', '--json'])

  const { checks } = JSON.parse(after.stdout) as Found
  expect(before.of('backup')).toMatchObject({ status: 'warn', fix: 'authd backup create' })
  expect([before.code, before.status]).toEqual([0, 'warn'])
  expect([strict.code, strict.status]).toEqual([0, 'ok'])
  expect(strict.of('backup')).toMatchObject({ status: 'ok' })
  expect(strict.of('database')?.detail).toMatch(/; SQLite 3\.\d+\.\d+, \d+ % free$/)
  expect(checks.find(({ check }) => check === 'public address')).toMatchObject({ status: 'ok' })
  expect(checks.find(({ check }) => check === 'headers')).toMatchObject({ status: 'ok' })
  expect(after.code).toBe(0)
})

test('doctor without a daemon says so, and ends with 1', async () => {
  const place = await shell()
  await place.run(['migrate'])

  const { code, wrong, of } = await examine(place)

  expect(wrong).toEqual(['daemon'])
  expect(of('daemon')?.fix).toBe('authd service status')
  expect(code).toBe(1)
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

  expect(open.of('data folder modes')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${data}` })
  expect(open.of('database file')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${join(data, 'authd.db')}` })
  expect(open.of('secret')).toMatchObject({ status: 'wrong', fix: `chmod o-rwx ${join(data, 'secret')}` })
  expect(other.of('database')).toMatchObject({
    status: 'wrong',
    detail: expect.stringContaining('another server secret'),
  })
  expect(missing.of('database')).toMatchObject({ status: 'wrong', fix: 'authd init' })
  expect([open.code, other.code, missing.code]).toEqual([1, 1, 1])
})

test('doctor says what is wrong with a configuration, and checks nothing else', async () => {
  const place = await shell()
  const { code, stdout } = await place.run(['doctor', '--json'], { env: { AUTHD_SERVER_PORT: '84200' } })

  const { checks } = JSON.parse(stdout) as Found
  expect(new Set(checks.map(({ check, status }) => `${check} ${status}`))).toEqual(new Set(['configuration wrong']))
  expect(checks.map(({ detail }) => detail)).toEqual([
    expect.stringContaining('No file was found at'),
    'AUTHD_SERVER_PORT: expected 1..65535, got 84200',
    expect.stringContaining('public_url is missing'),
    expect.stringContaining('smtp.host is missing'),
  ])
  expect(code).toBe(1)
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

  const { stdout } = await place.run(['doctor', '--json', '--offline', '--config', 'authd.toml'])

  const { checks } = JSON.parse(stdout) as Found
  expect(checks).toEqual(
    expect.arrayContaining([
      {
        ...{ area: 'db', check: 'database', status: 'ok' },
        detail: expect.stringMatching(/^PostgreSQL answers, schema and secret fit; PostgreSQL \d+/),
      },
      { area: 'db', check: 'locks', status: 'ok', detail: expect.stringContaining('0 statements wait') },
      { area: 'db', check: 'statistics', status: 'ok', detail: expect.any(String) },
      { area: 'clock', check: 'clock', status: 'ok', detail: expect.stringContaining('s from that of PostgreSQL') },
      { area: 'backup', check: 'backup', status: 'ok', detail: 'authd has made no backup, others may have' },
    ]),
  )
})

test('doctor shows every other check when PostgreSQL is away, and asks it for nothing that it does not need', async () => {
  const place = await shell({ data: false })
  await mkdir(join(place.folder, 'data'), { mode: 0o700 })
  const lines = [
    'public_url = "http://localhost:1"',
    'data_dir = "data"',
    '[server]\nport = 1',
    '[database]\nurl = "postgres://authd:k3Vq0z8J@127.0.0.1:1/authd"',
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })

  const whole = await examine(place, '--config', 'authd.toml')
  const files = await examine(place, '--only', 'files', '--config', 'authd.toml')

  expect(whole.wrong.toSorted()).toEqual(['daemon', 'database'])
  expect(whole.of('database')?.detail).toContain('127.0.0.1:1')
  expect(whole.of('disk')?.status).toBe('ok')
  expect([whole.code, files.code, files.wrong]).toEqual([1, 0, []])
})

test('doctor checks only the areas that are named, and refuses others', async () => {
  const place = await shell()
  await place.run(['migrate'])

  const { stdout, code } = await place.run(['doctor', '--json', '--only', 'files,db'])
  const unknown = await place.run(['doctor', '--only', 'files,dbs'])
  const tls = await place.run(['doctor', '--only', 'tls'])

  const areas = new Set((JSON.parse(stdout) as Found).checks.map(({ area }) => area))
  expect([code, [...areas]]).toEqual([0, ['files', 'db']])
  expect([unknown.code, unknown.stderr]).toEqual([64, expect.stringContaining('--only: unknown area "dbs".')])
  expect([tls.code, tls.stderr]).toEqual([64, expect.stringContaining('--only: "tls" is a part of proxy and mail.')])
})

test('doctor --fix asks, and closes files to other users', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  const file = (name: string) => join(place.folder, 'authd-data', name)
  for (const [name, mode] of [
    ['.', 0o755],
    ['secret', 0o644],
    ['authd.db', 0o664],
  ] as const)
    await chmod(file(name), mode)

  const asked = await place.run(['doctor', '--fix', '--only', 'files'])
  const fixed = await place.run(['doctor', '--fix', '--only', 'files,db', '--yes'])

  expect([asked.code, fixed.code]).toEqual([64, 0])
  expect(['.', 'secret', 'authd.db'].map((name) => statSync(file(name)).mode & 0o777)).toEqual([0o750, 0o640, 0o660])
})

test('doctor finds templates that every user can change', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await mkdir(join(place.folder, 'templates'))
  await writeFile(join(place.folder, 'templates/notice.txt'), '')
  await chmod(join(place.folder, 'templates/notice.txt'), 0o666)
  const env = { AUTHD_MAIL_TEMPLATES_DIR: 'templates' }

  const { stdout } = await place.run(['doctor', '--json', '--only', 'files'], { env })

  const found = (JSON.parse(stdout) as Found).checks.find(({ check }) => check === 'template modes')
  expect(found).toMatchObject({ status: 'wrong', fix: expect.stringContaining('chmod o-w ') })
})
