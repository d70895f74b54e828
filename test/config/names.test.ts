import { expect, test } from 'vitest'
import { configValue } from '../../src/config/config-values.ts'
import { environmentNames, fileNames } from '../../src/config/names.ts'
import { type Config, findKey, KEYS, type Key } from '../../src/config/schema.ts'
import { toToml } from '../../src/config/toml-value.ts'
import { folder, NEEDED } from '../support/config-folder.ts'

/** Names that operators know from other programs, each with a value that is not the default. */
const ESTABLISHED: [name: string, key: string, value: string | number | boolean][] = [
  ['jwt_secret', 'tokens.hs256_secret', 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F'],
  ['database_path', 'database.path', '/srv/authd.db'],
  ['smtp_host', 'smtp.host', 'mail.example.com'],
  ['smtp_port', 'smtp.port', 465],
  ['smtp_username', 'smtp.username', 'authd'],
  ['smtp_password', 'smtp.password', 'k3Vq0z8J'],
  ['email_from', 'mail.from', 'Example <a@example.com>'],
  ['webauthn_rp_id', 'webauthn.rp_id', 'example.com'],
  ['webauthn_origin', 'webauthn.origins', 'https://auth.example.com'],
  ['server_host', 'server.host', '0.0.0.0'],
  ['server_port', 'server.port', 4000],
  ['rate_limit_per_minute', 'limits.requests_per_minute', 61],
  ['email_rate_limit_per_hour', 'limits.mails_per_hour', 11],
  ['cors_allow_all', 'cors.allow_all', true],
  ['cors_allowed_origins', 'cors.allowed_origins', 'https://a.example.com,https://b.example.com'],
  ['webhook_url', 'webhooks.url', 'https://app.example.com/events'],
  ['webhook_secret', 'webhooks.secret', 'k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F'],
  ['enable_metrics', 'metrics.enabled', false],
  ['log_level', 'log.level', 'debug'],
]

const BASE: Record<string, string> = {
  public_url: 'https://auth.example.com',
  'smtp.host': 'smtp.example.com',
  'mail.from': 'a@example.com',
}

test('the established names are these, and no others', () => {
  const names = KEYS.flatMap(({ established, key }) => (established ? [[established, key]] : []))

  expect(names.sort()).toEqual(ESTABLISHED.map(([name, key]) => [name, key]).sort())
})

test.each(ESTABLISHED)('the established name %s means %s at the top of the file', (name, key, value) => {
  const here = folder()
  here.write('config.toml', `${without(key)}${name} = ${toToml(value)}`)

  const { config, sources } = here.inspect()

  expect(valueIn(config, key)).toBe(String(value))
  expect(sources.get(key)).toMatchObject({ kind: 'file', name })
})

test.each(ESTABLISHED)('the established name %s means %s in capitals in the environment', (name, key, value) => {
  const here = folder()
  here.write('config.toml', without(key))

  const { config, sources } = here.inspect({ env: { [name.toUpperCase()]: String(value) } })

  expect(valueIn(config, key)).toBe(String(value))
  expect(sources.get(key)).toMatchObject({ kind: 'env', name: name.toUpperCase() })
})

test('an established name in the environment beats the new name in the file', () => {
  const here = folder()
  here.write('config.toml', `${NEEDED}server.port = 4000`)

  const { config } = here.load({ env: { SERVER_PORT: '4001' } })

  expect(config.server.port).toBe(4001)
})

test('the established and the new name in one layer with one value do not conflict', () => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { config, sources } = here.load({ env: { SERVER_PORT: '4001', AUTHD_SERVER_PORT: '4001' } })

  expect(config.server.port).toBe(4001)
  expect(sources.get('server.port')).toMatchObject({ name: 'AUTHD_SERVER_PORT' })
})

test('the established and the new name in the environment with two values are rejected, and both are named', () => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { problems } = here.inspect({ env: { SERVER_PORT: '4001', AUTHD_SERVER_PORT: '4002' } })

  expect(problems).toMatchObject([{ message: 'AUTHD_SERVER_PORT and SERVER_PORT have different values' }])
})

test('lists of established names are read as lists', () => {
  const here = folder()
  here.write('config.toml', `cors_allowed_origins = "https://a.example.com, https://b.example.com"\n${NEEDED}`)

  const { config } = here.load()

  expect(config.cors.allowedOrigins).toEqual(['https://a.example.com', 'https://b.example.com'])
})

test('no two keys share a name, in the file or in the environment', () => {
  const names = [...environmentNames(), ...fileNames()].map(({ name }) => name)

  expect(new Set(names).size).toBe(names.length)
})

test('every key has a default, or an example, or is a secret', () => {
  const bare = KEYS.filter(
    ({ example, secret, ...key }: Key) => key.default === undefined && example === undefined && !secret,
  )

  expect(bare).toEqual([])
})

/** The required keys, without the one that the test writes itself. */
function without(key: string): string {
  const lines = Object.entries(BASE).filter(([name]) => name !== key)
  return lines.map(([name, value]) => `${name} = ${toToml(value)}\n`).join('')
}

function valueIn(config: Config, name: string): string {
  const key = findKey(name)
  return key ? String(configValue(config, key)) : 'no such key'
}
