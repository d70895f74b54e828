import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Daemon, freePort, type Shell, shell } from '../support/cli.ts'
import { startSmtp } from '../support/smtp.ts'
import { until } from '../support/until.ts'

async function serveDevelopment(place: Shell): Promise<Daemon> {
  return await place.serve(['--dev'])
}

interface Answer {
  status: number
  body: { attempt_token: string; access_token: string; refresh_token: string; session: { id: string } }
}

async function post(daemon: Daemon, path: string, json: object): Promise<Answer> {
  const response = await fetch(daemon.url + path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(json),
  })
  return { status: response.status, body: (await response.json()) as Answer['body'] }
}

async function signIn(daemon: Daemon, email = 'ada@example.com') {
  const begun = await post(daemon, '/v1/signin', { email })
  const [, code] = await daemon.until(new RegExp(`${email}[\\s\\S]*?Code\\s+(\\d{6})`))
  return (await post(daemon, '/v1/signin/code', { code, attempt_token: begun.body.attempt_token })).body
}

async function sessionStatus(daemon: Daemon, token = ''): Promise<number> {
  return (await fetch(`${daemon.url}/v1/session`, { headers: { Authorization: `Bearer ${token}` } })).status
}

test('a session revoked in the shell is rejected by the daemon at its next request', async () => {
  const place = await shell({ data: false })
  const daemon = await serveDevelopment(place)
  const { access_token, session } = await signIn(daemon)

  const before = await sessionStatus(daemon, access_token)
  const listed = JSON.parse((await place.run(['sessions', 'list', '--json'])).stdout)
  const revoked = await place.run(['sessions', 'revoke', session.id, '--reason', 'lost phone', '--json'])
  const after = await sessionStatus(daemon, access_token)

  const numbers = await place.run(['metrics', '--url', daemon.url])
  expect(numbers.stdout).toContain('sessions_created_total 1')
  expect((await place.run(['metrics', '--url', 'http://127.0.0.1:1'])).code).toBe(69)
  const status = await place.run(['status', '--url', daemon.url, '--json'])
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, ready: true, users: 1, active_sessions: 0 })
  const down = await place.run(['status', '--url', 'http://127.0.0.1:1', '--json'])
  expect([down.code, JSON.parse(down.stdout)]).toMatchObject([1, { running: false, users: 1, version: null }])
  expect(daemon.printed()).toContain('development mode, for this machine only')
  expect(listed.data).toMatchObject([{ id: session.id, email: 'ada@example.com', revoked: false }])
  expect(JSON.parse(revoked.stdout)).toMatchObject({ revoked: 1, users: 1, access_token_ttl_seconds: 600 })
  expect([before, after]).toEqual([200, 401])
})

test('SECURITY: an IP rule added or removed in the shell applies in the running daemon', async () => {
  const place = await shell()
  const daemon = await serveDevelopment(place)
  const ask = async () => await sessionStatus(daemon)
  const probe = async () => (await fetch(`${daemon.url}/health`)).status
  expect([await ask(), await probe()]).toEqual([401, 200])

  await place.run(['ipfilter', 'add', '127.0.0.0/8', '--reason', 'a test', '--accept-risk', 'lockout'])
  await until(async () => expect(await ask()).toBe(403))
  expect(await probe()).toBe(200)
  await place.run(['ipfilter', 'remove', '127.0.0.0/8', '--yes'])
  await until(async () => expect(await ask()).toBe(401))
})

test('SECURITY: SIGTERM during requests stops the daemon in order with exit code 0', async () => {
  const place = await shell()
  const daemon = await serveDevelopment(place)
  const requests = Array.from({ length: 20 }, () => post(daemon, '/v1/signin', { email: 'ada@example.com' }))
  await Promise.all(requests.slice(0, 1))

  daemon.kill('SIGTERM')
  const outcomes = await Promise.allSettled(requests)
  const code = await daemon.exit

  expect(code).toBe(0)
  expect(daemon.printed()).toMatch(/stopped\n$/)
  const answered = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.status] : []))
  expect(answered.every((status) => status === 201)).toBe(true)
})

test('SECURITY: kill -9 loses nothing acknowledged, and the next start is ready', async () => {
  const place = await shell()
  const first = await serveDevelopment(place)
  const { access_token, refresh_token } = await signIn(first)
  const next = await post(first, '/v1/token/refresh', { refresh_token })
  first.kill('SIGKILL')
  await first.exit

  const second = await place.serve(['--dev', '--listen', first.url.replace('http://', '')])
  const ready = await fetch(`${second.url}/readiness`)
  const status = await sessionStatus(second, access_token)
  const again = await post(second, '/v1/token/refresh', { refresh_token: next.body.refresh_token })

  expect([ready.status, status, again.status]).toEqual([200, 200, 200])
})

test('SECURITY: eight concurrent commands next to a busy daemon never fail on a locked database', async () => {
  const place = await shell()
  const daemon = await serveDevelopment(place)
  let isBusy = true
  const load = (async () => {
    const statuses = []
    while (isBusy) {
      const emails = Array.from({ length: 20 }, (_, index) => `user${index}@example.com`)
      const replies = await Promise.all(emails.map((email) => post(daemon, '/v1/signin', { email })))
      statuses.push(...replies.map(({ status }) => status))
    }
    return statuses
  })()

  const writers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => place.run(['users', 'add', `writer${index}@example.com`])),
  )
  isBusy = false

  expect(writers.map(({ code }) => code)).toEqual(Array.from({ length: 8 }, () => 0))
  expect(new Set(await load)).toEqual(new Set([201]))
})

test('secrets and data are readable by their owner only', async () => {
  const place = await shell({ data: false })
  await serveDevelopment(place)

  const modes = []
  for (const name of ['', 'authd.db', 'secret']) {
    modes.push(((await stat(join(place.folder, 'authd-data', name))).mode & 0o777).toString(8))
  }

  expect(modes).toEqual(['700', '600', '600'])
})

test('a lost secret file next to a database is an error, and no new secret is created', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  await writeFile(join(place.folder, 'authd-data/secret'), 'another secret of more than 32 bytes, surely')

  const other = await place.run(['users', 'list', '--json'])

  expect(other.code).toBe(78)
  expect(JSON.parse(other.stderr).error.code).toBe('SECRET_MISMATCH')
})

test('init writes a configuration that serves, sends mail, reloads, and survives a bad reload', async () => {
  const place = await shell({ data: false })
  const smtp = await startSmtp()
  const port = await freePort()
  const url = `http://localhost:${port}`
  const flags = [
    '--url',
    url,
    '--smtp-host',
    '127.0.0.1',
    '--smtp-port',
    String(smtp.port),
    '--dir',
    'etc',
    '--data-dir',
    'data',
  ]
  const init = await place.run(['init', ...flags, '--email-from', 'Example <no-reply@example.com>', '--json'])
  const config = join(place.folder, 'etc/config.toml')
  const text = await readFile(config, 'utf8')
  const daemon = await place.serve(['--config', config])

  await post(daemon, '/v1/signin', { email: 'ada@example.com' })
  await until(() => expect(smtp.mails).toHaveLength(1))
  await writeFile(config, `${text}\n[log]\nlevel = "debug"\n`)
  daemon.kill('SIGHUP')
  await daemon.until('configuration reloaded')
  await writeFile(config, 'nonsense = [')
  daemon.kill('SIGHUP')
  await daemon.until('configuration not reloaded')

  expect(init.code).toBe(0)
  expect(smtp.mails.map(({ to }) => to)).toEqual([['ada@example.com']])
  expect((await fetch(`${daemon.url}/readiness`)).status).toBe(200)
  expect((await place.run(['init', ...flags])).code).toBe(73)
})

test('serve with a missing --config file exits with 78', async () => {
  const place = await shell({ data: false })

  const { code, stderr } = await place.run(['serve', '--config', 'missing.toml'])

  expect(code).toBe(78)
  expect(stderr).toContain('missing.toml')
})

test('development mode rejects proxied requests', async () => {
  const place = await shell()
  const daemon = await serveDevelopment(place)

  const reply = await fetch(`${daemon.url}/signin`, { headers: { 'X-Forwarded-For': '203.0.113.9' } })

  expect(reply.status).toBe(403)
})
