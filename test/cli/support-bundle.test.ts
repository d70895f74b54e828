import { execFile } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { appendFile, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { anonymousText } from '../../src/platform/anonymous-text.ts'
import { tarGz } from '../../src/platform/tar.ts'
import { freePort, shell } from '../support/cli.ts'

const SECRETS = {
  password: 'hunter2-relay',
  metrics: 'metrics-token-of-this-test-0123456789',
  server: 'K8-server-secret-that-nobody-may-see-4711',
}
const PEOPLE = [
  'ada.lovelace@example.com',
  'bob+tag@sub.example.org',
  '203.0.113.99',
  '2001:db8::abcd',
  '198.51.100.23',
]

/** An installation with users, sessions, keys and endpoints, whose log and settings name all of them. */
async function filled() {
  const place = await shell()
  const port = await freePort()
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "authd-data"',
    `secret = "${SECRETS.server}"`,
    `[server]\nport = ${port}\ntrusted_proxies = ["127.0.0.1", "198.51.100.23"]`,
    `[smtp]\nhost = "127.0.0.1"\nport = 9\ntls = "none"\nusername = "ada.lovelace@example.com"\npassword = "${SECRETS.password}"`,
    '[mail]\nfrom = "Example <no-reply@mail.example.com>"',
    `[metrics]\nenabled = true\ntoken = "${SECRETS.metrics}"`,
    '[log]\nlevel = "debug"\nfile = "authd.log"',
  ]
  await writeFile(join(place.folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  const run = (...args: string[]) => place.run([...args, '-c', 'authd.toml'])
  const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout)
  await run('migrate')
  await run('users', 'add', 'ada.lovelace@example.com', 'bob+tag@sub.example.org')
  const [ada] = (await json('users', 'list')).data
  const key = await json('api-keys', 'create', '--name', 'shop', '--role', 'admin')
  const hook = await json('webhooks', 'add', 'https://hooks.example.com/in', '--events', 'user.*')
  const link = await json('users', 'recover', 'ada.lovelace@example.com', '--reason', 'lost', '--yes')
  await run('ipfilter', 'add', '203.0.113.99', '--reason', 'attack')
  await run('users', 'invite', 'bob+tag@sub.example.org')
  const named = [...PEOPLE, ada.id, key.secret, hook.secret, link.url, ...Object.values(SECRETS)]
  await appendFile(join(place.folder, 'authd.log'), `${JSON.stringify({ level: 'error', said: named })}\n`)
  return { place, run, hidden: [...named, key.id, link.id, new URL(link.url).searchParams.get('token') ?? link.url] }
}

async function unpacked(file: string, ...names: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('tar', ['-xzOf', file, ...names], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

test('SECURITY: a support bundle holds no secret, mail address, client address or id, whatever names them', async () => {
  const { place, run, hidden } = await filled()

  const made = await run('support-bundle', '--yes', '--offline', '-o', 'bundle.tar.gz', '--json')

  const text = await unpacked(join(place.folder, 'bundle.tar.gz'))
  const log = await readFile(join(place.folder, 'authd.log'), 'utf8')
  expect(made.code).toBe(0)
  expect(hidden.filter((one) => !log.includes(one)).length).toBeLessThan(4)
  expect(hidden.filter((one) => typeof one !== 'string' || one.length < 8)).toEqual([])
  expect(hidden.filter((one) => text.includes(one))).toEqual([])
  expect(text).not.toMatch(/@(?:sub\.|mail\.)?example/)
})

test('a support bundle has configuration, doctor, versions, schema, counts, metrics and log, for its owner only', async () => {
  const { place, run } = await filled()

  const made = await run('support-bundle', '--yes', '--offline', '-o', 'bundle.tar.gz', '--json')
  const again = await run('support-bundle', '--yes', '--offline', '-o', 'bundle.tar.gz')

  const file = join(place.folder, 'bundle.tar.gz')
  const text = await unpacked(file)
  const { stdout: names } = await promisify(execFile)('tar', ['-tzf', file])
  const list = [
    ...['versions.json', 'config.json', 'doctor.json', 'database.json', 'metrics.txt'],
    ...['crashes.json', 'log.txt'],
  ]
  expect(names.trim().split('\n')).toEqual(list.map((name) => `authd-support/${name}`))
  expect(JSON.parse(made.stdout).entries.map(({ name }: { name: string }) => name)).toEqual(names.trim().split('\n'))
  for (const part of ['"users": 2', '0001_', '"check": "database"', '"redacted": true', '"level":"error"'])
    expect(text).toContain(part)
  expect([statSync(file).mode & 0o777, again.code]).toEqual([0o600, 73])
})

test('a support bundle has the crash reports of the user who makes it, without what names a person', async () => {
  const { place } = await filled()
  const stack = 'Error: no row of ada.lovelace@example.com at usr_01jk0000000000000000000001'
  const folder = join(place.folder, 'state/authd')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'crash-7-1.json'), JSON.stringify({ command: 'users', stack }))
  await writeFile(join(folder, 'crash-8-1.json'), 'cut off')
  await symlink('/etc/hostname', join(folder, 'crash-9-1.json'))
  await writeFile(join(folder, 'crash-6-1.json'), '{}')
  await utimes(join(folder, 'crash-6-1.json'), 5, 5)
  await utimes(join(folder, 'crash-8-1.json'), 0, 0)
  const bundle = ['support-bundle', '--yes', '--offline', '-c', 'authd.toml', '-o']
  const env = { XDG_STATE_HOME: join(place.folder, 'state') }

  await place.run([...bundle, 'all.tar.gz'], { env })
  await place.run([...bundle, 'new.tar.gz', '--since', '1h'], { env })
  const crashesIn = async (file: string) =>
    JSON.parse((await unpacked(join(place.folder, file), 'authd-support/crashes.json')) || '[]')

  const known = {
    file: 'crash-7-1.json',
    at: expect.any(String),
    report: { command: 'users', stack: 'Error: no row of [mail address] at usr_[id]' },
  }
  expect(await crashesIn('all.tar.gz')).toEqual([
    known,
    { file: 'crash-6-1.json', at: '1970-01-01T00:00:05.000Z', report: {} },
    { file: 'crash-8-1.json', at: '1970-01-01T00:00:00.000Z', report: 'cut off' },
  ])
  expect(await crashesIn('new.tar.gz')).toEqual([known])
})

test('with --since, a support bundle has the log from then on, however long it is', async () => {
  const { place, run } = await filled()
  const line = (at: number, message: string) => JSON.stringify({ time: new Date(at).toISOString(), message })
  const now = Date.now()
  const old = Array.from({ length: 50 }, () => line(now - 3 * 3_600_000, 'long ago'))
  const lately = Array.from({ length: 700 }, (_, index) => line(now - 60_000, `lately ${index}`))
  await writeFile(join(place.folder, 'authd.log'), `${[...old, ...lately, 'no time'].join('\n')}\n`)

  await run('support-bundle', '--yes', '--offline', '-o', 'last.tar.gz')
  await run('support-bundle', '--yes', '--offline', '--since', '1h', '-o', 'since.tar.gz')
  const logIn = async (file: string) =>
    (await unpacked(join(place.folder, file), 'authd-support/log.txt')).trim().split('\n')

  const [last, since] = [await logIn('last.tar.gz'), await logIn('since.tar.gz')]
  expect([last.length, since.filter((text) => text.includes('lately')).length]).toEqual([500, 700])
  expect([since.some((text) => text.includes('long ago')), since.at(-1)]).toEqual([false, 'no time'])
})

test('a support bundle is shown first, and nothing is written where nobody can agree', async () => {
  const { place, run } = await filled()

  const { code, stderr } = await run('support-bundle', '--offline', '-o', 'bundle.tar.gz')

  expect([code, stderr]).toEqual([64, expect.stringContaining('Try: authd support-bundle --offline -o bundle.tar.gz')])
  expect(stderr).toMatch(/^authd-support\/config\.json +\d+ bytes: the configuration, without secrets$/m)
  expect(existsSync(join(place.folder, 'bundle.tar.gz'))).toBe(false)
})

test('a support bundle without a configuration, a database or a daemon says so in its parts, and may go to stdout', async () => {
  const place = await shell()

  const { code, stdout } = await place.spawn(['support-bundle', '-y', '--offline', '-o', '-'])

  expect(code).toBe(0)
  expect(stdout.length).toBeGreaterThan(0)
})

test('an archive is read by tar as it was written, also with an empty file and one of whole blocks', async () => {
  const place = await shell()
  const texts = { 'a/empty': '', 'a/block': 'x'.repeat(512), 'a/ü': 'grüße\n' }
  const archive = tarGz(
    Object.entries(texts).map(([name, text]) => ({ name, text })),
    0,
  )
  await writeFile(join(place.folder, 'a.tar.gz'), archive)

  await promisify(execFile)('tar', ['-xzf', 'a.tar.gz'], { cwd: place.folder })

  for (const [name, text] of Object.entries(texts)) expect(await readFile(join(place.folder, name), 'utf8')).toBe(text)
  expect(gunzipSync(archive).length % 512).toBe(0)
})

test.each([
  ['at 12:30:45 SQLite 3.53.4 listened on 127.0.0.1:3000 and [::1]', undefined],
  ['authd_http_request_duration_seconds_bucket{le="0.005"} 7', undefined],
  ['from 203.0.113.9:443 to [2001:db8::1] and ::ffff:203.0.113.9', 'from [address]:443 to [[address]] and [address]'],
  ['ada%40example.com, <ada@example.com> and müller@exämple.de', '[mail address], <[mail address]> and [mail address]'],
  ['usr_01jk0000000000000000000001 sat on pk_01jk0000000000000000000001', 'usr_[id] sat on pk_[id]'],
  ['open sesame 7', 'open [secret] 7'],
])('%j is kept or cleaned', (text, expected = text) => {
  expect(anonymousText(text, ['sesame', '7'])).toBe(expected)
})
