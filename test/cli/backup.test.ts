import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { chmod, cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { type Shell, shell } from '../support/cli.ts'
import { leavePrivateFolder, livingPrivateFolder } from '../support/left-folder.ts'

async function post(url: string, path: string, json: object) {
  const headers = { 'Content-Type': 'application/json' }
  const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(json) })
  return (await response.json()) as Record<string, unknown>
}

/** One folder with users, and the backup that was made of it. */
async function backedUp(...flags: string[]) {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const made = await place.run(['backup', 'create', '--json', ...flags])
  return { place, made, backup: JSON.parse(made.stdout) as { name: string; path: string } }
}

const usersOf = async ({ run }: Shell) =>
  JSON.parse((await run(['users', 'list', '--json'])).stdout).data.map(({ email }: { email: string }) => email)

test('a backup of a running daemon has its users, is private, and is listed and verified', async () => {
  const place = await shell()
  await place.serve(['--dev'])
  await place.run(['users', 'add', 'ada@example.com'])

  const made = await place.run(['backup', 'create', '--json'])
  const { name, path } = JSON.parse(made.stdout)
  const list = await place.run(['backup', 'list', '--json'])
  const verified = await place.run(['backup', 'verify', name, '--json'])

  expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('The server secret is not in it.') })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(JSON.parse(list.stdout).data).toMatchObject([{ name, users: 1, with_secret: false }])
  expect(verified).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, secret: 'fits', differing: [], rows: { users: 1 } })
})

test('a backup is in the audit log and in the metrics', async () => {
  const place = await shell()
  const daemon = await place.serve(['--dev'], { AUTHD_METRICS_ENABLED: 'true' })

  const { stdout } = await place.run(['backup', 'create', '--json', '--reason', 'before a test'])
  const event = await place.run(['audit', 'tail', '--event', 'backup.*'])
  const metrics = await fetch(`${daemon.url}/metrics`).then((response) => response.text())

  const { name, created_at: createdAt } = JSON.parse(stdout)
  expect(JSON.parse(event.stdout)).toMatchObject({
    event_type: 'backup.created',
    metadata: { backup: name, with_secret: false, reason: 'before a test' },
  })
  const [, seconds] = metrics.match(/^backup_last_success_timestamp_seconds (\d+)/m) ?? []
  expect(Number(seconds)).toBe(Math.floor(Date.parse(createdAt) / 1000))
})

test('a restore on another machine ends sessions and sign-ins, cancels waiting mail, and says so', async () => {
  const here = await shell()
  const daemon = await here.serve(['--dev'])
  const ask = async (email: string) => {
    const { attempt_token: attempt } = await post(daemon.url, '/v1/signin', { email })
    const [, code] = await daemon.until(new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`))
    return { code, attempt_token: attempt }
  }
  await post(daemon.url, '/v1/signin/code', await ask('ada@example.com'))
  const open = await ask('bob@example.com')
  daemon.kill('SIGTERM')
  await daemon.exit
  await here.run(['users', 'invite', 'eve@example.com'])
  await here.run(['backup', 'create', '--with-secret', '--folder', 'backups'])
  const there = await shell()
  await cp(join(here.folder, 'backups'), join(there.folder, 'backups'), { recursive: true })
  const [data = ''] = readdirSync(join(there.folder, 'backups')).filter((file) => file.endsWith('.sqlite'))

  const restored = await there.run(['backup', 'restore', `backups/${data}`, '--confirm', 'restore', '--json'])
  const after = await there.serve(['--dev'])
  const again = await post(after.url, '/v1/signin/code', open)
  const live = await there.run(['sessions', 'list', '--json'])
  const ended = await there.run(['sessions', 'list', '--ended', '--json'])
  const mail = await there.run(['email', 'queue', '--state', 'cancelled', '--json'])

  expect(restored).toMatchObject({ code: 0 })
  expect(JSON.parse(restored.stdout)).toMatchObject({
    kept: null,
    ended_sessions: 1,
    cancelled_mails: 1,
    changed: true,
  })
  expect(await usersOf(there)).toEqual(['eve@example.com', 'ada@example.com'])
  expect(JSON.parse(live.stdout).data).toEqual([])
  expect(JSON.parse(ended.stdout).data).toMatchObject([{ revoked_reason: 'revoked_by_operator' }])
  expect(again).toMatchObject({ code: 'INVALID_CREDENTIALS' })
  expect(JSON.parse(mail.stdout).data).toHaveLength(1)
})

test('a restore keeps the database from before, and shows the command where nobody can confirm', async () => {
  const { place, backup } = await backedUp()
  await place.run(['users', 'add', 'late@example.com'])

  const asked = await place.run(['backup', 'restore', backup.name])
  const done = await place.run(['backup', 'restore', backup.name, '--confirm', 'restore', '--json'])
  const verified = await place.run(['backup', 'verify', JSON.parse(done.stdout).kept, '--json'])
  const event = await place.run(['audit', 'tail', '--event', 'backup.restored'])

  expect(asked.code).toBe(64)
  expect(asked.stderr).toContain(`Try: authd backup restore ${backup.name} --confirm=restore`)
  expect(done.code).toBe(0)
  expect(await usersOf(place)).toEqual(['ada@example.com'])
  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, rows: { users: 2 } })
  expect(JSON.parse(event.stdout)).toMatchObject({ metadata: { backup: backup.name, cancelled_mails: 0 } })
})

test('SECURITY: what the database from before has ended stays ended after a restore', async () => {
  const place = await shell()
  await place.run(['migrate'])
  for (const name of ['ada', 'bob']) await place.run(['users', 'add', `${name}@example.com`])
  const create = (name: string) => ['api-keys', 'create', '--name', name, '--scope', 'users:read', '--json']
  const leaked = JSON.parse((await place.run(create('leaked'))).stdout)
  const good = JSON.parse((await place.run(create('good'))).stdout)
  await place.run(['keys', 'list', '--json'])
  const backup = JSON.parse((await place.run(['backup', 'create', '--json'])).stdout)
  await place.run(['api-keys', 'revoke', leaked.id, '--reason', 'leaked'])
  await place.run(['users', 'disable', 'bob@example.com', '--reason', 'left'])
  await place.run(['keys', 'rotate', '--now', '--reason', 'copied'])
  const before = JSON.parse((await place.run(['keys', 'list', '--json'])).stdout).data

  const restored = await place.run(['backup', 'restore', backup.name, '--confirm=restore', '--json'])
  const apiKeys = JSON.parse((await place.run(['api-keys', 'list', '--json'])).stdout).data
  const bob = JSON.parse((await place.run(['users', 'show', 'bob@example.com', '--json'])).stdout)
  const after = JSON.parse((await place.run(['keys', 'list', '--json'])).stdout).data

  const { new_key, ...result } = JSON.parse(restored.stdout)
  expect(result).toMatchObject({ api_keys_revoked: 1, users_disabled: 1 })
  const isRevoked = (id: string) => apiKeys.find((key: { id: string }) => key.id === id).revoked
  expect([isRevoked(leaked.id), isRevoked(good.id)]).toEqual([true, false])
  expect(bob).toMatchObject({ disabled_reason: 'left' })
  expect(before.map(({ kid }: { kid: string }) => kid)).not.toContain(new_key)
  expect(after.map(({ kid }: { kid: string }) => kid)).toContain(new_key)
})

test('a restore is refused while a daemon has the database open, and changes nothing', async () => {
  const { place, backup } = await backedUp()
  await place.run(['users', 'add', 'late@example.com'])
  await place.serve(['--dev'])

  const { code, stderr } = await place.run(['backup', 'restore', backup.name, '--confirm', 'restore'])

  expect(code).toBe(75)
  expect(stderr).toContain('Another process, probably the daemon, has')
  expect(await usersOf(place)).toEqual(['late@example.com', 'ada@example.com'])
})

test('a restore replaces a damaged database, and leaves nothing of it beside the new one', async () => {
  const { place, backup } = await backedUp()
  const data = join(place.folder, 'authd-data')
  await writeFile(join(data, 'authd.db'), 'damaged from its first byte')
  await writeFile(join(data, 'authd.db-wal'), 'a log of the damaged file')

  const { code } = await place.run(['backup', 'restore', backup.name, '--confirm', 'restore'])

  expect(code).toBe(0)
  expect(await usersOf(place)).toEqual(['ada@example.com'])
})

test.each([
  ['damaged', (path: string) => writeFile(path, readFileSync(path).fill(0xff, 4096, 12288)), 'cannot be restored'],
  ['another file', (path: string) => writeFile(path, 'hello'), 'the file is not an SQLite database'],
  ['missing', (path: string) => rm(path), 'cannot be read'],
])('a backup that is %s is refused by verify and restore', async (_, spoil, why) => {
  const { place, backup } = await backedUp()
  await spoil(backup.path)

  const verified = await place.run(['backup', 'verify', backup.path])
  const restored = await place.run(['backup', 'restore', backup.path, '--confirm', 'restore'])

  expect([verified.code, restored.code]).not.toContain(0)
  expect([verified.code, restored.code]).not.toContain(70)
  expect(verified.stderr).toContain(why)
  expect(restored.stderr).toContain(why)
  expect(await usersOf(place)).toEqual(['ada@example.com'])
})

test('a backup with another number of rows than when it was made is not verified', async () => {
  const { place, backup } = await backedUp()
  const copy = new DatabaseSync(backup.path)
  copy.exec('DELETE FROM users')
  copy.close()

  const { code, stdout } = await place.run(['backup', 'verify', backup.name, '--json'])

  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, differing: ['users'] })
})

test.each(['', '{', 'null', '[]', '{"rows":1}'])('a backup is listed whose description is %j', async (text) => {
  const { place, backup } = await backedUp()
  await writeFile(backup.path.replace('.sqlite', '.json'), text)

  const list = await place.run(['backup', 'list', '--json'])

  expect(list.code).toBe(0)
  expect(JSON.parse(list.stdout).data).toMatchObject([{ name: backup.name }])
})

test('SECURITY: a backup of another server secret is not verified and not restored', async () => {
  const { backup } = await backedUp()
  const other = await shell()
  await other.run(['migrate'])
  await other.run(['users', 'list'])

  const verified = await other.run(['backup', 'verify', backup.path, '--json'])
  const restored = await other.run(['backup', 'restore', backup.path, '--confirm', 'restore'])

  expect(JSON.parse(verified.stdout)).toMatchObject({ ok: false, secret: 'other' })
  expect([verified.code, restored.code]).toEqual([1, 78])
  expect(readdirSync(join(other.folder, 'authd-data')).filter((file) => file.includes('restore'))).toEqual([])
})

test('a secret beside a backup that does not fit is not verified, though the secret of this machine fits', async () => {
  const { place, backup } = await backedUp('--with-secret')
  const beside = backup.path.replace(/sqlite$/, 'secret')
  const verify = () => place.run(['backup', 'verify', backup.name, '--json'])

  const right = await verify()
  await writeFile(beside, `${'another '.repeat(8)}\n`)
  const wrong = await verify()
  const card = await place.run(['backup', 'verify', backup.name])
  await rm(join(place.folder, 'authd-data/secret'))
  const used = await verify()

  expect([right, wrong, card, used].map(({ code }) => code)).toEqual([0, 1, 1, 1])
  expect(JSON.parse(right.stdout)).toMatchObject({ ok: true, secret: 'fits', secret_beside: 'fits' })
  expect(JSON.parse(wrong.stdout)).toMatchObject({ ok: false, secret: 'fits', secret_beside: 'other' })
  expect(JSON.parse(used.stdout)).toMatchObject({ ok: false, secret: 'other', secret_beside: 'other' })
  expect(card.stdout).toMatch(/^secret beside {2}is another one$/m)
  expect(card.stderr).toContain('cannot be restored on another machine with the server secret beside it')
})

test('what is beside a backup and says something else is as if it were not there, and a long file is not read', async () => {
  const { place, backup } = await backedUp()
  const about = backup.path.replace(/sqlite$/, 'json')
  const right = JSON.parse(readFileSync(about, 'utf8'))
  const answers = async (text: string) => {
    await writeFile(about, text)
    const list = await place.run(['backup', 'list', '--json'])
    const verified = await place.run(['backup', 'verify', backup.name])
    const [{ created_at, schema, users }] = JSON.parse(list.stdout).data
    return [verified.code, /^rows +(.*)$/m.exec(verified.stdout)?.[1], created_at, schema, users].join(' ')
  }
  const unknown = '0 not known from the time of the backup   '

  const seen = [
    await answers(JSON.stringify({ ...right, rows: { users: { toString: 1 } } })),
    await answers(JSON.stringify({ ...right, rows: { ...right.rows, users: '1' } })),
    await answers(JSON.stringify({ ...right, rows: { ...right.rows, users: -1 } })),
    await answers(JSON.stringify({ ...right, rows: [] })),
    await answers(JSON.stringify({ ...right, rows: {} })),
    await answers(JSON.stringify({ ...right, schema: { a: 1 } })),
    await answers(JSON.stringify({ ...right, created_at: 'garbage' })),
    await answers(JSON.stringify({ ...right, created_at: '2026-13-40T00:00:00Z' })),
    await answers('[null]'),
    await answers(JSON.stringify(right) + ' '.repeat(70_000)),
  ]
  const part = await answers(JSON.stringify({ ...right, rows: { users: 1 } }))

  expect(seen).toEqual(seen.map(() => unknown))
  expect(part).toMatch(/^1 differ in answers, api_keys, /)
})

test.each([
  ['create', () => []],
  ['prune', () => ['--keep=9']],
  ['verify', (path: string) => [path]],
  ['restore', (path: string) => [path, '--confirm=restore']],
])(
  'SECURITY: doctor names the plain copy of a command that was killed, and the next command deletes it: backup %s',
  async (command, args) => {
    const { place, backup } = await backedUp('--folder', 'elsewhere')
    const data = join(place.folder, 'authd-data')
    await mkdir(join(data, 'backups'))
    const left = [
      await leavePrivateFolder(data),
      await leavePrivateFolder(join(data, 'backups'), '.authd-2026.sqlite-'),
    ]
    const living = await livingPrivateFolder(data)
    onTestFinished(() => void living.child.kill())

    const doctor = await place.run(['doctor', '--only', 'files', '--json'])
    const done = await place.run(['backup', command, ...args(backup.path)])

    const named = JSON.parse(doctor.stdout).checks.filter(({ check }: { check: string }) => check === 'unfinished copy')
    expect(named).toMatchObject(left.map((path) => ({ status: 'warn', detail: expect.stringContaining(path) })))
    expect(done.code).toBe(0)
    expect(left.map((path) => done.stderr.includes(`Deleted ${path}, `))).toEqual([true, true])
    expect([...left, living.folder].map((path) => existsSync(path))).toEqual([false, false, true])
  },
)

test('SECURITY: a link and a pipe in the place of a backup are not read', async () => {
  const { place, backup } = await backedUp()
  const folder = dirname(backup.path)
  const [link, pipe] = ['authd-2026-01-02T00-00-00Z', 'authd-2026-01-03T00-00-00Z']
  await symlink(backup.path, join(folder, `${link}.sqlite`))
  await promisify(execFile)('mkfifo', [join(folder, `${pipe}.sqlite`), join(folder, `${pipe}.json`)])
  await symlink(join(folder, 'nothing'), join(folder, 'authd-2026-01-04T00-00-00Z.sqlite'))
  await writeFile(join(folder, 'authd-2026-01-04T00-00-00Z.json'), '{}')

  const verified = [await place.run(['backup', 'verify', link]), await place.run(['backup', 'verify', pipe])]
  const restored = await place.run(['backup', 'restore', pipe, '--confirm=restore'])

  const list = await place.run(['backup', 'list', '--json'])

  expect([...verified, restored, list].map(({ code }) => code)).toEqual([66, 66, 66, 0])
  expect(verified[0]?.stderr).toContain('cannot be read')
})

test('prune keeps the newest backups, and touches no other file', async () => {
  const { place, backup } = await backedUp('--folder', 'backups', '--with-secret')
  const folder = join(place.folder, 'backups')
  for (const ending of ['.sqlite', '.json', '.secret']) {
    await cp(join(folder, backup.name + ending), join(folder, `authd-2020-01-01T00-00-00Z${ending}`))
  }
  await writeFile(join(folder, 'authd-mine.sqlite'), '')
  const before = readdirSync(folder)
  const prune = (...flags: string[]) => place.run(['backup', 'prune', '--keep', '1', '--folder', 'backups', ...flags])

  const asked = await prune()
  const dry = await prune('-n')
  const untouched = readdirSync(folder)
  const done = await prune('--yes', '--json')

  expect([asked.code, dry.code]).toEqual([64, 0])
  expect(untouched).toEqual(before)
  expect(JSON.parse(done.stdout)).toEqual({ deleted: ['authd-2020-01-01T00-00-00Z'], changed: true })
  expect(readdirSync(folder)).toEqual(before.filter((file) => !file.includes('2020')))
})

test('prune keeps as many complete backups of the past, whatever else has the name of a backup', async () => {
  const { place, backup } = await backedUp('--folder', 'backups')
  const folder = join(place.folder, 'backups')
  const copyTo = async (day: string, ...endings: string[]) => {
    for (const ending of endings) {
      await cp(join(folder, `${backup.name}.${ending}`), join(folder, `${day}.${ending}`))
    }
  }
  const dayOf = (day: string) => `authd-${day}T00-00-00Z`
  await copyTo(dayOf('2099-01-01'), 'sqlite', 'json')
  await copyTo(dayOf('2020-01-03'), 'sqlite')
  await writeFile(join(folder, `${dayOf('2020-01-03')}.json`), '{}')
  await copyTo(dayOf('2020-01-02'), 'sqlite', 'json')
  await writeFile(join(folder, `${dayOf('2020-01-02')}.dump`), 'of PostgreSQL')
  await copyTo(dayOf('2020-01-01'), 'json')
  await mkdir(join(folder, `${dayOf('2020-01-01')}.sqlite`))
  const prune = (keep: string) =>
    place.run(['backup', 'prune', '--keep', keep, '--folder', 'backups', '--yes', '--json'])

  const two = await prune('2')
  const one = await prune('1')

  expect([two, one].map(({ code }) => code)).toEqual([0, 0])
  expect(JSON.parse(two.stdout)).toEqual({ deleted: [], changed: false })
  expect(JSON.parse(one.stdout)).toEqual({ deleted: [dayOf('2020-01-03'), dayOf('2020-01-02')], changed: true })
  expect(one.stderr).toContain('authd-2099-01-01T00-00-00Z.sqlite is dated in the future')
  expect(readdirSync(folder).sort()).toEqual(
    [
      ...[`${dayOf('2020-01-01')}.json`, `${dayOf('2020-01-01')}.sqlite`, `${dayOf('2020-01-02')}.dump`],
      ...[`${backup.name}.json`, `${backup.name}.sqlite`],
      ...[`${dayOf('2099-01-01')}.json`, `${dayOf('2099-01-01')}.sqlite`],
    ].sort(),
  )
})

test('SECURITY: the secret beside a backup and its folder are private, and a failed backup leaves no part', async () => {
  const { place, backup } = await backedUp('--folder', 'backups', '--with-secret')
  const folder = join(place.folder, 'backups')
  await mkdir(join(place.folder, 'real'))
  await symlink(join(place.folder, 'real'), join(place.folder, 'link'))
  await rename(join(place.folder, 'authd-data/authd.db'), join(place.folder, 'authd-data/moved.db'))
  await writeFile(join(place.folder, 'authd-data/authd.db'), 'damaged')
  await chmod(join(place.folder, 'authd-data/authd.db'), 0o600)

  const failed = await place.run(['backup', 'create', '--folder', 'link'])

  expect(statSync(join(folder, `${backup.name}.secret`)).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(failed.code).toBe(69)
  expect(readdirSync(join(place.folder, 'real'))).toEqual([])
})

test('a backup of SQLite is not restored into PostgreSQL, which is not asked', async () => {
  const { place, backup } = await backedUp()
  const config = ['public_url = "https://auth.example.com"', 'data_dir = "data"', '[smtp]', 'host = "127.0.0.1"']
  const rest = ['[mail]', 'from = "no-reply@example.com"', '[database]', 'url = "postgres://authd@127.0.0.1:1/authd"']
  await writeFile(join(place.folder, 'authd.toml'), [...config, ...rest].join('\n'), { mode: 0o600 })

  const restore = ['backup', 'restore', backup.path, '--confirm', 'restore', '--config', 'authd.toml']
  const { code, stderr } = await place.run(restore)

  expect(code).toBe(64)
  expect(stderr).toContain('is a backup of SQLite, and the configured database is PostgreSQL')
})

test.each([
  ['has a trigger', 'CREATE TRIGGER evil AFTER INSERT ON audit_logs BEGIN DELETE FROM users; END', 'evil'],
  ['has a view', 'CREATE VIEW evil AS SELECT * FROM users', 'evil'],
  ['belongs to no server secret, though it has users', "DELETE FROM system_config WHERE key LIKE 'secret%'", 'secret'],
])(
  'SECURITY: a backup that somebody may have forged, because it %s, is neither verified nor restored',
  async (_, sql, word) => {
    const { place, backup } = await backedUp()
    const file = new DatabaseSync(backup.path)
    file.exec(sql)
    file.close()

    const verified = await place.run(['backup', 'verify', backup.name])
    const restored = await place.run(['backup', 'restore', backup.name, '--confirm=restore'])

    expect([verified.code, restored.code]).not.toContain(0)
    expect([verified.stdout + verified.stderr, restored.stderr]).toEqual(Array(2).fill(expect.stringContaining(word)))
  },
)
