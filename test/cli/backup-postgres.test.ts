import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PROGRAM, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { type StandInTools, standInPostgresTools } from '../support/stand-in-postgres-tools.ts'
import { until } from '../support/until.ts'

// What PostgreSQL's own programs do is shown by `npm run torture -- backup-postgres`.

/** No server of the tests asks for one. */
const PASSWORD = "it's @ hush"

/** The environment of a command on an empty database of its own. */
async function emptyDatabase({ path }: StandInTools) {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  return { PATH: path, AUTHD_DATABASE_URL: url.replace('postgres@', `postgres:${encodeURIComponent(PASSWORD)}@`) }
}

/** What the stand-in has begun to write. */
function halvesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => basename(name) === 'draft' && statSync(join(folder, name)).size > 0)
}

/** A folder with a user in PostgreSQL, and a backup of it. */
async function backedUp(tools: StandInTools) {
  const place = await shell()
  const env = await emptyDatabase(tools)
  await place.run(['migrate', 'up'], { env })
  await place.run(['users', 'add', 'ada@example.com'], { env })
  const made = await place.run(['backup', 'create', '--json'], { env })
  return { place, env, made, backup: JSON.parse(made.stdout) as { name: string; path: string } }
}

test('a backup of PostgreSQL is private, listed, and verified without a database', async () => {
  const tools = await standInPostgresTools()

  const { place, env, made, backup } = await backedUp(tools)
  const list = await place.run(['backup', 'list', '--json'], { env })
  const verified = await place.run(['backup', 'verify', backup.path, '--json'], { env: { PATH: tools.path } })

  expect(made.code).toBe(0)
  expect(backup.path).toMatch(/\/backups\/authd-[\dTZ-]+\.dump$/)
  expect(statSync(backup.path).mode & 0o777).toBe(0o600)
  expect(JSON.parse(list.stdout).data).toMatchObject([{ name: backup.name, users: 1, with_secret: false }])
  expect(verified).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, secret: 'fits', differing: [], rows: { users: 1 } })
})

test('SECURITY: the password of PostgreSQL is in the environment of its programs, never in their arguments', async () => {
  const tools = await standInPostgresTools()

  const { place, backup } = await backedUp(tools)
  const env = await emptyDatabase(tools)
  await place.run(['backup', 'restore', backup.name, '--confirm', 'restore'], { env })

  const connected = tools.calls().filter(({ env }) => env['PGHOST'] !== undefined)
  expect(connected.map(({ name }) => name)).toEqual(['pg_dump', 'pg_restore', 'pg_restore'])
  expect(connected.map(({ env }) => env['PGPASSWORD'])).toEqual([PASSWORD, PASSWORD, PASSWORD])
  expect(JSON.stringify(tools.calls().map(({ args }) => args))).not.toMatch(/hush/)
})

test('pg_dump is told each table of authd, and no owner or privilege', async () => {
  const tools = await standInPostgresTools()

  await backedUp(tools)

  const args = tools.calls().find(({ name }) => name === 'pg_dump')?.args ?? []
  expect(args).toEqual(expect.arrayContaining(['--format=custom', '--no-owner', '--no-privileges', '--table=users']))
  expect(args.filter((arg) => arg.startsWith('--table=')).toSorted()).toMatchSnapshot()
})

test('a restore is refused for a database with tables, and for another server secret, before anything is written', async () => {
  const tools = await standInPostgresTools()
  const { place, env, backup } = await backedUp(tools)
  const restore = ['backup', 'restore', backup.path, '--confirm', 'restore']
  const stranger = await shell()
  await stranger.run(['migrate'])
  await stranger.run(['users', 'list'])

  const full = await place.run(restore, { env })
  const other = await stranger.run(restore, { env: await emptyDatabase(tools) })

  expect(full).toMatchObject({ code: 73, stderr: expect.stringContaining('has tables already') })
  expect(other).toMatchObject({ code: 78, stderr: expect.stringContaining('belongs to another server secret') })
  expect(tools.calls().filter(({ args }) => args.includes('--section=pre-data'))).toEqual([])
})

test('a dump that pg_restore cannot read, or that has no tables of authd, is refused before anything is written', async () => {
  const tools = await standInPostgresTools()
  const { place, env, backup } = await backedUp(tools)
  await writeFile(join(place.folder, 'words.dump'), 'hello')
  const unreadable = await standInPostgresTools({ failing: 'reading' })
  const target = { ...(await emptyDatabase(tools)), PATH: unreadable.path }

  const cut = await place.run(['backup', 'restore', backup.path, '--confirm', 'restore'], { env: target })
  const words = await place.run(['backup', 'verify', 'words.dump'], { env })

  expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('pg_restore failed: unexpected end of file') })
  expect(words).toMatchObject({ code: 1, stderr: expect.stringContaining('The dump has no tables of authd.') })
  expect(unreadable.calls()).toHaveLength(1)
})

test('SECURITY: no daemon starts on a PostgreSQL whose restore was cut short', async () => {
  const { place, backup } = await backedUp(await standInPostgresTools())
  const env = await emptyDatabase(await standInPostgresTools({ failing: 'data' }))

  const cut = await place.run(['backup', 'restore', backup.name, '--confirm', 'restore'], { env })
  const after = await place.run(['users', 'list'], { env })

  expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining('pg_restore failed: no space left on device') })
  expect(after).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('A restore into this database was not finished.'),
  })
})

test.each(['SIGTERM', 'SIGINT'] as const)(
  'SECURITY: a backup that is interrupted leaves no part of it (%s)',
  async (signal) => {
    const tools = await standInPostgresTools({ failing: 'ending' })
    const place = await shell()
    const env = { ...(await emptyDatabase(tools)), HOME: place.folder }
    await place.run(['migrate', 'up'], { env })
    await place.run(['users', 'add', 'ada@example.com'], { env })
    await mkdir(join(place.folder, 'authd-data/backups'), { recursive: true })
    const before = readdirSync(place.folder, { recursive: true })
    const child = spawn(PROGRAM, ['backup', 'create'], { cwd: place.folder, env, stdio: 'ignore' })
    const exit = once(child, 'exit')
    await until(() => expect(halvesIn(place.folder)).toHaveLength(1))

    child.kill(signal)
    const [code] = await exit

    expect(code).toBe(signal === 'SIGINT' ? 130 : 143)
    expect(readdirSync(place.folder, { recursive: true })).toEqual(before)
  },
)

test('a restore puts the tables first, closes the database, then fills it and ends what was valid', async () => {
  const tools = await standInPostgresTools()
  const { place, backup } = await backedUp(tools)
  const env = await emptyDatabase(tools)

  const done = await place.run(['backup', 'restore', backup.name, '--confirm', 'restore', '--json'], { env })
  const event = await place.run(['audit', 'tail', '--event', 'backup.restored'], { env })

  const sections = tools.calls().map(({ args }) => args.filter((arg) => arg.startsWith('--section=')))
  expect(sections.filter((names) => names.length > 0)).toEqual([
    ['--section=pre-data'],
    ['--section=data', '--section=post-data'],
  ])
  expect(done).toMatchObject({ code: 0 })
  expect(JSON.parse(done.stdout)).toMatchObject({ restored: backup.path, kept: null, ended_sessions: 0 })
  expect(JSON.parse(event.stdout)).toMatchObject({ metadata: { backup: backup.name } })
  expect(readFileSync(backup.path, 'utf8')).toContain('COPY public.users')
})
