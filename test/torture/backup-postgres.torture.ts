import { readdirSync, readFileSync, statSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { startOwnPostgres } from '../support/own-postgres.ts'
import { installedPostgres } from './support/installed-postgres.ts'

const PASSWORD = "it's @ secret"

interface Server {
  /** The environment of a command on a new, empty database. */
  empty(): Promise<{ AUTHD_DATABASE_URL: string }>
}

/** A server that asks for a password, and has the tools of its version. */
async function startServer(): Promise<Server> {
  const { host, folder, query } = await startOwnPostgres(installedPostgres())
  await query(`CREATE ROLE authd LOGIN CREATEDB PASSWORD '${PASSWORD.replace("'", "''")}'`)
  await writeFile(join(folder, 'data/pg_hba.conf'), 'host all all all scram-sha-256\n')
  await query('SELECT pg_reload_conf()')
  let databases = 0
  return {
    async empty() {
      databases += 1
      const admin = new Client({ host, user: 'authd', password: PASSWORD, database: 'postgres', ssl: false })
      await admin.connect()
      await admin.query(`CREATE DATABASE authd${databases}`).finally(() => admin.end())
      return { AUTHD_DATABASE_URL: `postgres://authd:${encodeURIComponent(PASSWORD)}@${host}/authd${databases}` }
    },
  }
}

/** A folder with users and a session in PostgreSQL. */
async function furnished(env: { AUTHD_DATABASE_URL: string }): Promise<Shell> {
  const place = await shell()
  await place.run(['migrate', 'up'], { env })
  await place.run(['users', 'add', 'ada@example.com', 'bob@example.com'], { env })
  await place.run(['users', 'invite', 'eve@example.com'], { env })
  return place
}

const usersOf = async ({ run }: Shell, env: Record<string, string>) =>
  JSON.parse((await run(['users', 'list', '--json'], { env })).stdout).data.map(({ email }: { email: string }) => email)

// The tests' own PostgreSQL has no tools. test/cli/backup-postgres.test.ts shows how authd starts them.
describe('with the tools of PostgreSQL', () => {
  test('a backup of PostgreSQL is private, listed, verified without a database, and in the audit log', async () => {
    const env = await (await startServer()).empty()
    const place = await furnished(env)

    const made = await place.run(['backup', 'create', '--with-secret', '--json'], { env })
    const { name, path } = JSON.parse(made.stdout)
    const list = await place.run(['backup', 'list', '--json'], { env })
    const verified = await place.run(['backup', 'verify', name, '--json'], { env })
    const elsewhere = await place.run(['backup', 'verify', path, '--json'])
    const event = await place.run(['audit', 'tail', '--event', 'backup.created'], { env })
    const pruned = await place.run(['backup', 'prune', '--keep', '1', '--yes', '--json'], { env })

    expect(made).toMatchObject({ code: 0 })
    expect(path).toMatch(/\/backups\/authd-[\dTZ-]+\.dump$/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(JSON.parse(list.stdout).data).toMatchObject([{ name, users: 3, with_secret: true }])
    const found = {
      ok: true,
      secret: 'fits',
      differing: [],
      rows: { users: 3 },
      schema: expect.stringMatching(/^\d{4}_/),
    }
    expect(verified).toMatchObject({ code: 0, stderr: '' })
    expect([JSON.parse(verified.stdout), JSON.parse(elsewhere.stdout)]).toMatchObject([found, found])
    expect(JSON.parse(event.stdout)).toMatchObject({ metadata: { backup: name, with_secret: true } })
    expect(JSON.parse(pruned.stdout)).toMatchObject({ deleted: [] })
  })

  test('a damaged or cut dump, and one of another server secret, is refused before anything is written', async () => {
    const server = await startServer()
    const env = await server.empty()
    const other = await server.empty()
    const place = await furnished(env)
    const { path } = JSON.parse((await place.run(['backup', 'create', '--json'], { env })).stdout)
    const whole = readFileSync(path)
    const spoiled = Buffer.from(whole)
    spoiled.fill(0, Math.floor(whole.length / 2), Math.floor(whole.length / 2) + 400)
    const files = {
      'damaged.dump': spoiled,
      'cut.dump': whole.subarray(0, Math.floor(whole.length * 0.8)),
      'words.dump': Buffer.from('hello'),
    }

    const stranger = await shell()
    await stranger.run(['migrate'])
    await stranger.run(['users', 'list'])

    const codes: (number | null)[] = []
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(place.folder, name), bytes)
      codes.push((await place.run(['backup', 'verify', name], { env })).code)
      codes.push((await place.run(['backup', 'restore', name, '--confirm', 'restore'], { env: other })).code)
    }
    codes.push((await stranger.run(['backup', 'restore', path, '--confirm', 'restore'], { env: other })).code)
    const migrated = await place.run(['migrate', 'status', '--json'], { env: other })

    expect(codes).toEqual([1, 1, 1, 1, 1, 1, 78])
    expect(JSON.parse(migrated.stdout).data[0]).toMatchObject({ state: 'pending' })
  })

  test('a restore into an empty PostgreSQL ends sessions and sign-ins, cancels mail, and serves', async () => {
    const server = await startServer()
    const env = await server.empty()
    const here = await furnished(env)
    await here.run(['backup', 'create', '--with-secret', '--folder', 'backups'], { env })
    const there = await shell()
    await cp(join(here.folder, 'backups'), join(there.folder, 'backups'), { recursive: true })
    const [dump = ''] = readdirSync(join(there.folder, 'backups')).filter((file) => file.endsWith('.dump'))
    const restore = ['backup', 'restore', `backups/${dump}`, '--confirm', 'restore', '--json']

    const full = await here.run(restore, { env })
    const target = await server.empty()
    const done = await there.run(restore, { env: target })
    const again = await there.run(restore, { env: target })
    const daemon = await there.serve(['--dev'], target)
    const mail = await there.run(['email', 'queue', '--state', 'cancelled', '--json'], { env: target })

    expect(full).toMatchObject({ code: 73, stderr: expect.stringContaining('has tables already') })
    expect(done).toMatchObject({ code: 0 })
    expect(JSON.parse(done.stdout)).toMatchObject({ kept: null, cancelled_mails: 1, new_key: expect.any(String) })
    expect(again.code).toBe(73)
    expect((await fetch(`${daemon.url}/readiness`)).status).toBe(200)
    expect(await usersOf(there, target)).toEqual(await usersOf(here, env))
    expect(JSON.parse(mail.stdout).data).toHaveLength(1)
  })

  test('no daemon starts on a restored PostgreSQL before everything is ended in it', async () => {
    const server = await startServer()
    const env = await server.empty()
    const place = await furnished(env)
    const { name } = JSON.parse((await place.run(['backup', 'create', '--json'], { env })).stdout)
    const target = await server.empty()
    await place.run(['backup', 'restore', name, '--confirm', 'restore'], { env: target })
    const client = new Client({ connectionString: target.AUTHD_DATABASE_URL })
    await client.connect()
    await client
      .query("INSERT INTO system_config VALUES ('copy.restoring', 'yes', 0, 'system')")
      .finally(() => client.end())

    const { code, stderr } = await place.run(['users', 'list'], { env: target })

    expect([code, stderr]).toEqual([78, expect.stringContaining('A restore into this database was not finished.')])
  })
})
