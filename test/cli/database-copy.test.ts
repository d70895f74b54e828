import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'
import { type Daemon, PROGRAM, type Shell, shell } from '../support/cli.ts'
import { answerPasskey, askPasskey, deviceFor, enrolPasskey, enrolTotp, totpCode } from '../support/factors.ts'
import { Browser } from '../support/http-client.ts'
import { freshPostgres } from '../support/postgres.ts'
import { until } from '../support/until.ts'

const NOW = { clock: systemClock }

async function emptyPostgres(): Promise<{ url: string; query(text: string): Promise<Record<string, unknown>[]> }> {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  return {
    url,
    async query(text) {
      const client = new Client({ connectionString: url })
      await client.connect()
      return (await client.query(text).finally(() => client.end())).rows
    },
  }
}

const browserOf = ({ url }: Daemon) => new Browser(url.replace('127.0.0.1', 'localhost'), url)

/** Begins a sign-in and types the code of its mail. */
async function signIn(daemon: Daemon, browser: Browser, email: string, deliver: 'cookie' | 'tokens') {
  const before = daemon.printed().length
  const begun = await browser.post('/v1/signin', { json: { email, deliver } })
  const code = await until(() => {
    const [, code] = new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`).exec(daemon.printed().slice(before)) ?? []
    expect(code).toBeDefined()
    return code ?? ''
  })
  const token = deliver === 'tokens' ? { attempt_token: begun.body.attempt_token } : {}
  return (await browser.post('/v1/signin/code', { json: { code, ...token } })).body
}

async function stop(daemon: Daemon): Promise<void> {
  daemon.kill('SIGTERM')
  await daemon.exit
}

const eventsOf = async (place: Shell, env: Record<string, string>) =>
  (await place.run(['audit', 'list', '--jsonl'], { env })).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { seq: number; event_type: string; metadata: Record<string, unknown> })

const IN_FILE: Record<string, string> = {}

test.each(['sqlite to postgres', 'postgres to sqlite'])(
  'from %s, a session, a refresh token, an authenticator app and a passkey go on in the copy',
  async (direction) => {
    const place = await shell()
    const { url } = await emptyPostgres()
    const inPostgres = { AUTHD_DATABASE_URL: url }
    const [from, to] = direction === 'sqlite to postgres' ? [IN_FILE, inPostgres] : [inPostgres, IN_FILE]
    const target =
      to === inPostgres ? { args: ['--to-url-file', '-'], input: url } : { args: ['--to', 'authd-data/authd.db'] }
    const copy = (...flags: string[]) =>
      place.run(['db', 'copy', ...target.args, '--json', ...flags], {
        env: from,
        ...(target.input !== undefined && { input: target.input }),
      })
    if (from === inPostgres) await place.run(['migrate', 'up', '--no-backup'], { env: from })
    const old = await place.serve(['--dev'], from)
    const ada = browserOf(old)
    await signIn(old, ada, 'ada@example.com', 'cookie')
    const { secret } = await enrolTotp(NOW, ada)
    const device = deviceFor(ada)
    await enrolPasskey(ada, device)
    const first = await signIn(old, browserOf(old), 'grace@example.com', 'tokens')

    const online = await copy()
    const refreshed = await browserOf(old).post('/v1/token/refresh', { json: { refresh_token: first.refresh_token } })
    const refused = await copy('--finish')
    await stop(old)
    const before = await eventsOf(place, from)
    const finished = await copy('--finish', '--reason', 'more machines')
    const closed = await place.run(['users', 'list'], { env: from })
    const daemon = await place.serve(['--dev', '--listen', new URL(old.url).host], to)

    expect([online.code, refused.code, finished.code, closed.code]).toEqual([0, 75, 0, 78])
    expect([refused.stderr, closed.stderr]).toEqual([
      expect.stringMatching(/A daemon runs on|has .* open/),
      expect.stringContaining('This database is closed, because a copy takes its place'),
    ])
    expect(JSON.parse(finished.stdout)).toMatchObject({ finished: true, changed: true })
    expect((await ada.get('/v1/session')).status).toBe(200)
    const { refresh_token } = refreshed.body
    expect((await browserOf(daemon).post('/v1/token/refresh', { json: { refresh_token } })).status).toBe(200)
    const again = browserOf(daemon)
    expect((await signIn(daemon, again, 'ada@example.com', 'cookie')).status).toBe('factor_required')
    const code = totpCode(NOW, secret, 1)
    expect((await again.post('/v1/signin/totp', { json: { code } })).body.status).toBe('complete')
    const other = browserOf(daemon)
    expect((await answerPasskey(other, device, await askPasskey(other))).body.status).toBe('complete')
    const after = await until(async () => {
      const events = await eventsOf(place, to)
      expect(events.length).toBeGreaterThan(before.length + 5)
      return events
    })
    const news = after.filter(({ seq }) => seq > Math.max(...before.map((event) => event.seq)))
    expect(after.filter((event) => !news.includes(event))).toEqual(before)
    expect(news.map((event) => event.event_type)).toEqual(
      expect.arrayContaining(['database.copied', 'session.created']),
    )
    expect(news.find((event) => event.event_type === 'database.copied')?.metadata).toMatchObject({
      ...(to === inPostgres ? { from: 'sqlite', to: 'postgres' } : { from: 'postgres', to: 'sqlite' }),
      command: 'db copy',
      reason: 'more machines',
    })
  },
)

test('a copy that was killed goes on, and has the factors of all users in the end', async () => {
  const place = await shell()
  const { url, query } = await emptyPostgres()
  await writeFile(join(place.folder, 'url'), url)
  await place.run(['migrate'])
  const rows = Array.from({ length: 3000 }, (_, n) =>
    JSON.stringify({ email: `user${n}@example.com`, totp: { secret: 'A'.repeat(32) } }),
  )
  await writeFile(join(place.folder, 'users.jsonl'), rows.join('\n'))
  await place.run(['users', 'import', 'users.jsonl'])
  const environment = { PATH: process.env['PATH'] ?? '', HOME: place.folder }
  const args = ['db', 'copy', '--to-url-file', 'url']
  const running = spawn(PROGRAM, args, { cwd: place.folder, env: environment, stdio: 'ignore' })
  await until(async () => expect(await query('SELECT id FROM users LIMIT 1')).toHaveLength(1))
  running.kill('SIGKILL')
  await once(running, 'close')
  const exportAll = (env: Record<string, string>) =>
    place.run(['users', 'export', '--all', '--with-factors', '-o', '-'], { env })
  const before = await exportAll(IN_FILE)
  const unfinished = await exportAll({ AUTHD_DATABASE_URL: url })

  const again = await place.run([...args, '--json'])
  const finished = await place.run([...args, '--json', '--finish'])

  const [first, last] = [again, finished].map(({ stdout }) => JSON.parse(stdout))
  expect(running.signalCode).toBe('SIGKILL')
  expect([unfinished.code, unfinished.stderr]).toEqual([78, expect.stringContaining('is not finished')])
  expect(first.written).toBeLessThan(first.rows)
  expect(first.written).toBeGreaterThan(0)
  expect(last).toMatchObject({ finished: true, deleted: 0 })
  expect((await exportAll({ AUTHD_DATABASE_URL: url })).stdout).toBe(before.stdout)
})

test('a target that is not empty is refused before anything is written', async () => {
  const place = await shell()
  const { url, query } = await emptyPostgres()
  await query('CREATE TABLE orders (id text)')
  await place.run(['migrate'])
  const file = join(place.folder, 'other.db')
  const other = new DatabaseSync(file)
  other.exec('CREATE TABLE orders (id TEXT)')
  other.close()
  await writeFile(join(place.folder, 'words'), 'hello')
  const files = readdirSync(place.folder)
  const bytes = readFileSync(file)

  const inFile = await place.run(['db', 'copy', '--to', 'other.db'])
  const words = await place.run(['db', 'copy', '--to', 'words'])
  const itself = await place.run(['db', 'copy', '--to', 'authd-data/authd.db'])
  const inPostgres = await place.run(['db', 'copy', '--to-url-file', '-'], { input: url })

  expect([inFile, words, itself, inPostgres].map(({ code }) => code)).toEqual([73, 69, 73, 73])
  expect(inFile.stderr).toContain('has tables that are not of authd (orders)')
  expect(words.stderr).toContain('is not an SQLite database')
  expect(readFileSync(file)).toEqual(bytes)
  expect(readdirSync(place.folder)).toEqual(files)
  expect(await query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([{ tablename: 'orders' }])
})

test('SECURITY: a password on the command line of a copy is refused, and none is ever shown', async () => {
  const place = await shell()
  await place.run(['migrate'])
  const url = 'postgres://authd:hunter2@127.0.0.1:1/authd'

  const typed = await place.run(['db', 'copy', '--to', url])
  const away = await place.run(['db', 'copy', '--to-url-file', '-'], { input: url })
  const wrong = await place.run(['db', 'copy', '--to-url-file', '-'], { input: 'postgres://authd:hunter2@h@h/authd' })
  const missing = await place.run(['db', 'copy', '--to-url-file', 'none'])
  const none = await place.run(['db', 'copy'])

  const ran = [typed, away, wrong, missing, none]
  expect(ran.map(({ code }) => code)).toEqual([64, 69, 64, 66, 64])
  expect(typed.stderr).toContain('Try: authd db copy --to-url-file')
  expect(ran.filter(({ stdout, stderr }) => `${stdout}${stderr}`.includes('hunter2'))).toEqual([])
})

test('a dry run writes nothing, and a closed database is opened again on purpose', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])

  const dry = await place.run(['db', 'copy', '--to', 'copy.db', '-n', '--finish'])
  const files = readdirSync(place.folder)
  const done = await place.run(['db', 'copy', '--to', 'copy.db', '--finish'])
  const asked = await place.run(['db', 'reopen'])
  const opened = await place.run(['db', 'reopen', '--yes', '--json', '--reason', 'too slow'])
  const again = await place.run(['db', 'reopen', '--yes', '--json'])
  const users = await place.run(['users', 'list', '--fields', 'email'])
  const event = await place.run(['audit', 'tail', '--event', 'database.*'])

  expect(dry.stdout).toContain('Would copy the database to ')
  expect(files).toEqual(['authd-data'])
  expect(done).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /Every row was compared\.[\s\S]*under \[database\]: path = ".*copy\.db", and no url\n$/,
    ),
  })
  expect([asked.code, opened.code, opened.stdout, again.stdout]).toEqual([
    64,
    0,
    '{"changed":true}\n',
    '{"changed":false}\n',
  ])
  expect(users.stdout).toBe('ada@example.com\n')
  expect(JSON.parse(event.stdout)).toMatchObject({ event_type: 'database.reopened', metadata: { reason: 'too slow' } })
})
