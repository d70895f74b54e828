import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { startProxy } from '../support/postgres-proxy.ts'
import { until } from '../support/until.ts'

/** A daemon whose PostgreSQL is behind a network of its own, with an empty database. */
async function place() {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const { searchParams, pathname } = new URL(url)
  const proxy = await startProxy({ path: `${searchParams.get('host')}/.s.PGSQL.5432` })
  const here = await shell({ data: false })
  const port = await freePort()
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[database]\nurl = "postgres://postgres@${proxy.address}${pathname}"\nauto_migrate = true`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  const path = join(here.folder, 'authd.toml')
  await writeFile(path, lines.join('\n'), { mode: 0o600 })
  return { proxy, here, args: ['--config', path] }
}

/** What the configuration of a daemon says. */
async function publicUrl([, path = '']: string[]): Promise<string> {
  return /^public_url = "(.*)"$/m.exec(await readFile(path, 'utf8'))?.[1] ?? ''
}

test('serve answers 503 while its database is not there yet, says each reason once, and goes on when it is', async () => {
  const { proxy, here, args } = await place()
  proxy.shut()

  const starting = here.serve(args)
  await until(() => expect(proxy.accepted()).toBeGreaterThanOrEqual(2))
  const port = Number(new URL(await publicUrl(args)).port)
  const ask = async (path: string, accept = 'application/json') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { Accept: accept } })
    return { status: response.status, retry: response.headers.get('Retry-After'), body: await response.text() }
  }
  await until(() => ask('/liveness'))
  const [alive, ready, api, page] = [
    await ask('/liveness'),
    await ask('/readiness'),
    await ask('/v1/session'),
    await ask('/signin', 'text/html'),
  ]
  proxy.open()
  const daemon = await starting

  expect(alive).toMatchObject({ status: 200, body: '{"status":"alive"}' })
  expect([ready.status, JSON.parse(ready.body)]).toMatchObject([
    503,
    { status: 'unready', checks: { database: 'failed' }, problems: [{ what: 'database', reason: expect.any(String) }] },
  ])
  expect(ready.body).not.toContain(proxy.address)
  expect([api.status, api.retry, JSON.parse(api.body)]).toMatchObject([503, '5', { code: 'UNAVAILABLE' }])
  expect([page.status, page.retry, page.body]).toEqual([503, '5', expect.stringContaining('<!doctype html>')])
  const waited = daemon.printed().match(/.*waiting for the database.*/g) ?? []
  const reasons = waited.map((line) => JSON.parse(line).error)
  expect(reasons[0]).toContain(`PostgreSQL at ${proxy.address} closed the connection`)
  expect(reasons).toEqual([...new Set(reasons)])
  expect((await fetch(`${daemon.url}/readiness`)).status).toBe(200)
})

test('every request is answered while each way to PostgreSQL takes 300 ms', async () => {
  const { proxy, here, args } = await place()
  const daemon = await here.serve(args)
  const headers = { 'Content-Type': 'application/json' }
  const ask = async (n: number) => {
    const body = JSON.stringify({ email: `user${n}@example.com` })
    const calls = [
      fetch(`${daemon.url}/v1/signin`, { method: 'POST', headers, body }),
      fetch(`${daemon.url}/v1/session`, { headers: { Cookie: '__Host-authd=ses_unknown.secret' } }),
      fetch(`${daemon.url}/readiness`),
    ]
    return await Promise.all(calls.map((call) => call.then(({ status }) => status)))
  }

  proxy.delay(300)
  const answers = await Promise.all(Array.from({ length: 16 }, (_, n) => ask(n)))

  const expected = [
    [201, 503],
    [401, 503],
    [200, 503],
  ]
  const isExpected = (answer: number[]) => answer.every((status, index) => expected[index]?.includes(status))
  expect(answers.filter((answer) => !isExpected(answer))).toEqual([])
})

test('a daemon answers 503 and is unready while PostgreSQL is away, logs no stack, and goes on when it is back', async () => {
  const { proxy, here, args } = await place()
  const daemon = await here.serve(args)
  const begin = async () => {
    const body = JSON.stringify({ email: 'ada@example.com' })
    const headers = { 'Content-Type': 'application/json' }
    const response = await fetch(`${daemon.url}/v1/signin`, { method: 'POST', headers, body })
    return { status: response.status, code: ((await response.json()) as { code?: string }).code }
  }
  const readiness = async () => (await fetch(`${daemon.url}/readiness`)).status
  expect(await begin()).toMatchObject({ status: 201 })
  const before = daemon.printed().length

  proxy.shut()
  const away = [await begin(), await begin()]
  const unready = await readiness()
  const printed = daemon.printed().slice(before)
  proxy.open()

  expect(away).toEqual(Array(2).fill({ status: 503, code: 'UNAVAILABLE' }))
  expect(unready).toBe(503)
  expect(printed).not.toContain('stack')
  await until(async () => expect([await readiness(), (await begin()).status]).toEqual([200, 201]))
})

test('while PostgreSQL does not answer, readiness, status and healthcheck say so in time, and SIGTERM ends with 0', async () => {
  const { proxy, here, args } = await place()
  const daemon = await here.serve(args, { AUTHD_SERVER_SHUTDOWN_TIMEOUT: '1s' })

  proxy.freeze()
  const first = await (await fetch(`${daemon.url}/readiness`)).json()
  await daemon.until(/trouble began/)
  const later = (await (await fetch(`${daemon.url}/readiness`)).json()) as { problems: { since: string }[] }
  const line = `database since ${later.problems[0]?.since}: the database is not available`
  const probe = await here.run(['healthcheck', '--ready', ...args])
  const status = await here.run(['status', ...args])
  daemon.kill('SIGTERM')

  const silent = { what: 'database', reason: 'the database does not answer', since: null }
  expect(first).toMatchObject({ status: 'unready', problems: [silent] })
  expect([probe.code, probe.stdout]).toEqual([1, `unhealthy: HTTP 503; ${line}\n`])
  expect([status.code, status.stdout]).toEqual([69, expect.stringContaining(line)])
  expect(status.stdout).toContain('postgresql, cannot be used')
  expect(status.stderr).toContain(`PostgreSQL at ${proxy.address} does not answer`)
  expect(await daemon.exit).toBe(0)
})

test('SIGTERM while PostgreSQL is away ends a daemon in order', async () => {
  const { proxy, here, args } = await place()
  const daemon = await here.serve(args)

  proxy.shut()
  daemon.kill('SIGTERM')

  expect(await daemon.exit).toBe(0)
  expect(daemon.printed()).toContain('"message":"stopped"')
})
