import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PROGRAM, type Shell, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { until } from '../support/until.ts'

const ROTATE = ['secrets', 'rotate', '--confirm', 'rotate']

async function prepared(): Promise<{ place: Shell; file: (name: string) => string }> {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  return { place, file: (name) => join(place.folder, 'authd-data', name) }
}

const users = async (place: Shell) => (await place.run(['users', 'list', '--fields', 'email'])).stdout

test('a rotation puts the new secret in place, keeps the old one, and both are private', async () => {
  const { place, file } = await prepared()
  const before = await readFile(file('secret'), 'utf8')

  const { code, stdout } = await place.run([...ROTATE, '--json', '--reason', 'copied'])

  const { kept, ...result } = JSON.parse(stdout)
  expect([code, result]).toEqual([0, { values: 2, unreadable: [], changed: true }])
  expect(kept).toMatch(/\/secret\.before-\d{4}-\d\d-\d\dT/)
  expect(await readFile(kept, 'utf8')).toBe(before)
  expect(await readFile(file('secret'), 'utf8')).not.toBe(before)
  expect([kept, file('secret')].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  expect(existsSync(file('secret.next'))).toBe(false)
  expect(await users(place)).toBe('ada@example.com\n')
})

test('it asks first, and a dry run changes nothing', async () => {
  const { place, file } = await prepared()
  const before = await readFile(file('secret'), 'utf8')
  const asked = await place.run(['secrets', 'rotate'])
  const dry = await place.run(['secrets', 'rotate', '-n'])

  expect([asked.code, asked.stderr]).toEqual([
    64,
    expect.stringContaining('Try: authd secrets rotate --confirm=rotate'),
  ])
  expect(dry).toMatchObject({ code: 0, stdout: 'Would seal 2 values with a new server secret.\n' })
  expect(await readFile(file('secret'), 'utf8')).toBe(before)
  expect(readdirSync(join(place.folder, 'authd-data')).filter((name) => /next|before/.test(name))).toEqual([])
})

test('it is refused while a daemon runs, and changes nothing; a dry run is not', async () => {
  const { place, file } = await prepared()
  const before = await readFile(file('secret'), 'utf8')
  const daemon = await place.serve(['--dev'])

  const dry = await place.run(['secrets', 'rotate', '-n'])
  const { code, stderr } = await place.run(ROTATE)

  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Would seal ') })
  expect([code, stderr]).toEqual([75, expect.stringContaining('Another process, probably the daemon, has')])
  expect([await readFile(file('secret'), 'utf8'), existsSync(file('secret.next'))]).toEqual([before, false])
  expect((await fetch(`${daemon.url}/health`)).status).toBe(200)
  expect(await users(place)).toBe('ada@example.com\n')
})

test('on PostgreSQL it names the daemons that run, and works when they are stopped', async () => {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const place = await shell()
  const env = { AUTHD_DATABASE_URL: url }
  await place.run(['migrate', 'up', '--no-backup'], { env })
  const daemon = await place.serve(['--dev'], env)

  const refused = await place.run(ROTATE, { env })
  daemon.kill('SIGTERM')
  await daemon.exit
  const done = await place.run(ROTATE, { env })
  const again = await place.serve(['--dev'], env)

  expect([refused.code, refused.stderr]).toEqual([75, expect.stringContaining(`(process ${daemon.pid})`)])
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('start the daemons')])
  expect((await fetch(`${again.url}/health`)).status).toBe(200)
})

test('killed at once or later, it says what to do, and another run ends it', async () => {
  const { place, file } = await prepared()
  const rows = Array.from({ length: 1500 }, (_, n) =>
    JSON.stringify({ email: `user${n}@example.com`, totp: { secret: 'A'.repeat(32) } }),
  )
  await writeFile(join(place.folder, 'users.jsonl'), rows.join('\n'))
  await place.run(['users', 'import', 'users.jsonl'])
  const environment = { PATH: process.env['PATH'] ?? '', HOME: place.folder }
  const running = spawn(PROGRAM, ROTATE, { cwd: place.folder, env: environment, stdio: 'ignore' })
  await until(() => expect(existsSync(file('secret.next'))).toBe(true))
  running.kill('SIGKILL')
  await once(running, 'close')

  const { code, stdout } = await place.run([...ROTATE, '--json'])

  expect([code, JSON.parse(stdout).unreadable]).toEqual([0, []])
  const exported = await place.run(['users', 'export', '--all', '--with-factors', '-o', '-'])
  expect(exported.stdout.match(/"secret":"A{32}"/g)).toHaveLength(1500)
})

test('killed between the database and the file, it only puts the file in place', async () => {
  const { place, file } = await prepared()
  const { kept } = JSON.parse((await place.run([...ROTATE, '--json'])).stdout)
  await rename(file('secret'), file('secret.next'))
  await rename(kept, file('secret'))
  const refused = await place.run(['users', 'list'])

  const { code, stdout } = await place.run([...ROTATE, '--json'])

  expect([refused.code, refused.stderr]).toEqual([78, expect.stringContaining('authd secrets rotate')])
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { values: 0, changed: true }])
  expect(await users(place)).toBe('ada@example.com\n')
})

test('with a file of their own, operators put the new secret in place themselves', async () => {
  const { place, file } = await prepared()
  const own = join(place.folder, 'new-secret')
  await writeFile(own, 'x'.repeat(40), { mode: 0o600 })
  await writeFile(join(place.folder, 'short'), 'x')

  const short = await place.run([...ROTATE, '--new-secret-file', 'short'])
  const missing = await place.run([...ROTATE, '--new-secret-file', 'none'])
  const same = await place.run([...ROTATE, '--new-secret-file', file('secret')])
  const done = await place.run([...ROTATE, '--new-secret-file', own])
  const before = await place.run(['users', 'list'])
  await writeFile(file('secret'), 'x'.repeat(40))
  const after = await users(place)

  expect([short.code, missing.code, same.code, done.code, before.code]).toEqual([78, 66, 64, 0, 78])
  expect(short.stderr).toContain('authd: The new server secret in short is shorter than 32 bytes.')
  expect(done.stdout).toContain(`The database belongs to the secret in ${own} now.`)
  expect(after).toBe('ada@example.com\n')
})

test('a secret that the configuration has is not replaced by authd', async () => {
  const { place } = await prepared()
  const lines = [
    ...['public_url = "http://localhost:3000"', 'data_dir = "authd-data"'],
    `secret = "${(await readFile(join(place.folder, 'authd-data', 'secret'), 'utf8')).trim()}"`,
    ...['[smtp]', 'host = "127.0.0.1"', '[mail]', 'from = "no-reply@example.com"'],
  ]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })

  const { code, stderr } = await place.run([...ROTATE, '--config', 'authd.toml'])

  expect([code, stderr]).toEqual([64, expect.stringContaining('--new-secret-file')])
})
