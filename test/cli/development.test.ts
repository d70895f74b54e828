import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

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

test('development mode takes what a proxy of this machine forwards for it, and says why it refuses the rest', async () => {
  const place = await shell({ data: false })
  const daemon = await place.serve(['--dev'])
  const ask = (headers: Record<string, string>) => fetch(`${daemon.url}/v1/session`, { headers })

  const local = await ask({ 'X-Forwarded-For': '127.0.0.1', 'X-Forwarded-Host': 'localhost:5173' })
  const tunnel = await ask({ 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Host': 'abc.tunnel.example' })
  const refusal = (await tunnel.json()) as { message: string }

  expect([local.status, tunnel.status]).toEqual([401, 403])
  expect(refusal.message).toContain('server.trusted_proxies')
})
