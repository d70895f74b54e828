import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { freePort, shell } from '../support/cli.ts'

test.each([
  ['a data folder', { AUTHD_DATA_DIR: 'elsewhere' }],
  ['a port', { AUTHD_SERVER_PORT: '4000' }],
  ['an established name', { LOG_LEVEL: 'debug' }],
  ['a local address', { AUTHD_PUBLIC_URL: 'http://localhost:4000' }],
  ['a sender', { AUTHD_MAIL_FROM: 'a@example.com' }],
])('commands use the data of serve --dev when the same variable is set: %s', async (_, env) => {
  const place = await shell({ data: false })
  const daemon = await place.serve(['--dev'], env)

  const listed = await place.run(['users', 'list', '--json'], { env })
  const added = await place.run(['users', 'add', 'ada@example.com'], { env })
  const then = await place.run(['users', 'list', '--json', '-v'], { env })
  daemon.kill('SIGTERM')

  expect([listed.code, JSON.parse(listed.stdout).total, added.code]).toEqual([0, 0, 0])
  expect(then.stdout).toContain('ada@example.com')
  expect(then.stderr).toContain(
    `no configuration; using ./${'AUTHD_DATA_DIR' in env ? env.AUTHD_DATA_DIR : 'authd-data'}`,
  )
})

test.each([
  ['no data has been left', { AUTHD_DATA_DIR: 'nowhere' }],
  ['the address is a public one', { AUTHD_PUBLIC_URL: 'https://auth.example.com' }],
  ['a value is wrong', { AUTHD_SERVER_PORT: 'x' }],
  ['a variable is unknown', { AUTHD_DATADIR: 'authd-data' }],
  ['others could connect', { AUTHD_SERVER_HOST: '0.0.0.0' }],
])('commands ask for a configuration if %s', async (_, env) => {
  const place = await shell()

  const { code, stderr } = await place.run(['users', 'list'], { env })

  expect(code).toBe(78)
  expect(stderr).toContain('authd init')
})

test('commands use a configuration file rather than the data of development mode', async () => {
  const place = await shell()
  await writeFile(join(place.folder, 'config.toml'), 'public_url = "https://auth.example.com"\n')

  const { code, stderr } = await place.run(['users', 'list'], { env: { AUTHD_DATA_DIR: 'authd-data' } })

  expect(code).toBe(78)
  expect(stderr).toContain('config.toml')
})

test('commands find development mode beside variables that are enough for a configuration, and say so', async () => {
  const place = await shell({ data: false })
  const port = await freePort()
  const env = {
    AUTHD_PUBLIC_URL: `http://localhost:${port}`,
    AUTHD_SMTP_HOST: 'localhost',
    AUTHD_MAIL_FROM: 'a@example.com',
  }
  await place.serve(['--dev', '--listen', `127.0.0.1:${port}`], env)

  const added = await place.run(['users', 'add', 'ada@example.com'], { env })
  const quiet = await place.run(['users', 'list', '-q'], { env })

  expect([added.code, quiet.code, quiet.stderr]).toEqual([0, 0, ''])
  expect(added.stderr).toContain('authd: no configuration; using ./authd-data, not /var/lib/authd')
  expect(quiet.stdout).toContain('ada@example.com')
})

test('commands know the address that flags gave a running development mode', async () => {
  const place = await shell({ data: false })
  const daemon = await place.serve(['--dev'])
  const { port } = new URL(daemon.url)

  const invited = await place.run(['users', 'invite', 'ada@example.com', '--no-send', '--json'])
  const recovered = await place.run(['users', 'recover', 'ada@example.com', '--reason', 'lost', '--yes', '--json'])
  const status = await place.run(['status', '--json'])
  const health = await place.run(['healthcheck', '--ready'])
  const metrics = await place.run(['metrics'])
  daemon.kill('SIGTERM')
  await daemon.exit
  const stopped = await place.run(['status', '--json'])

  expect(invited.stdout).toContain(`http://localhost:${port}/invite?token=`)
  expect(recovered.stdout).toContain(`http://localhost:${port}/recover?token=`)
  expect(JSON.parse(status.stdout)).toMatchObject({ running: true, address: `http://127.0.0.1:${port}` })
  expect([health.code, metrics.code]).toEqual([0, 0])
  expect(metrics.stdout).toContain('authd_build_info')
  expect(JSON.parse(stopped.stdout)).toMatchObject({ running: false, address: 'http://127.0.0.1:3000' })
})

test('development mode serves this machine only, whatever its variables, and says what to do', async () => {
  const place = await shell({ data: false })
  const metrics = `127.0.0.1:${await freePort()}`
  const env = { AUTHD_SERVER_TRUSTED_PROXIES: '127.0.0.1', AUTHD_METRICS_LISTEN: metrics }
  const daemon = await place.serve(['--dev'], env)
  const ask = (headers: Record<string, string>, url = `${daemon.url}/v1/session`) => statusOf(url, headers)

  const local = [
    await ask({}),
    await ask({ Host: 'app.localhost:3000' }),
    await ask({ 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Host': 'localhost:5173' }),
    await ask({}, `http://${metrics}/metrics`),
  ]
  const others = [
    await ask({ 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Host': 'abc.tunnel.example' }),
    await ask({ 'X-Forwarded-For': '203.0.113.9' }),
    await ask({ 'CF-Connecting-IP': '203.0.113.9' }),
    await ask({ Via: '1.1 tunnel.example' }),
    await ask({ Forwarded: 'proto=https' }),
    await ask({ Host: 'evil.example' }),
    await ask({ Host: 'evil.example' }, `${daemon.url}/metrics`),
    await ask({ Host: 'evil.example' }, `${daemon.url}/health`),
    await ask({ Host: 'evil.example' }, `http://${metrics}/metrics`),
  ]

  expect(local.map(({ status }) => status)).toEqual([401, 401, 401, 200])
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 403))
  for (const { text } of others) expect(text).toContain('server.trusted_proxies')
})

/** `fetch` would send the Host of the URL. */
async function statusOf(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const call = request(url, { headers })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return { status: response.statusCode ?? 0, text: await text(response) }
}
