import { parse } from 'smol-toml'
import { expect, test } from 'vitest'
import { changedKeys } from '../../src/config/config-values.ts'
import { parseConfig } from '../../src/config/load.ts'
import { configJsonSchema, describeKey, describeKeys, listVariables } from '../../src/config/reference.ts'
import { findKey, KEYS } from '../../src/config/schema.ts'
import { describeConfig, showConfig } from '../../src/config/show.ts'
import { folder, NEEDED } from '../support/config-folder.ts'

const PASSWORD = 'k3Vq0z8Jm2Xr7Lw5Tn9Y'

test('the effective configuration is shown as equivalent TOML', () => {
  const here = folder()
  here.write('config.toml', `${NEEDED}session.ttl = "20d"\nserver.trusted_proxies = ["::1"]`)
  const loaded = here.load()

  const shown = showConfig(loaded)

  expect(parseConfig(parse(shown))).toEqual(loaded.config)
})

test('a secret is shown as its length and its source', () => {
  const here = folder()
  here.write('config.toml', `${NEEDED}smtp.username = "authd"`)
  const loaded = here.load({ env: { AUTHD_SMTP_PASSWORD: PASSWORD } })

  const shown = [showConfig(loaded, { section: 'smtp', onlyChanged: true, withOrigin: true }), describeConfig(loaded)]

  expect(shown[0]).toBe(`[smtp]
host = "smtp.example.com"  # ${here.path}/config.toml:2
username = "authd"  # ${here.path}/config.toml:4
password = "•••• (20 chars, from env AUTHD_SMTP_PASSWORD)"  # env AUTHD_SMTP_PASSWORD`)
  expect(shown[1]).toMatchObject({
    smtp: { password: { redacted: true, length: 20, origin: 'env AUTHD_SMTP_PASSWORD' } },
    session: { ttl: '30d' },
    database: { url: null },
  })
  expect(JSON.stringify(shown)).not.toContain(PASSWORD)
})

test('a reload reports which keys changed and which of them need a restart', () => {
  const before = parseConfig({ log: { level: 'info' } })
  const after = parseConfig({ log: { level: 'debug' }, server: { port: 4000 } })

  const changed = changedKeys(before, after).map(({ key, applies }) => [key, applies])

  expect(changed).toEqual([
    ['server.port', 'restart'],
    ['log.level', 'live'],
  ])
})

test('the reference of a key says what it does, what is allowed and its other names', () => {
  const key = findKey('smtp.password') ?? expect.fail('no such key')

  expect(describeKey(key)).toBe(`smtp.password
  The password of that user.
  allowed       a secret
  default       not set
  environment   AUTHD_SMTP_PASSWORD or SMTP_PASSWORD
  from a file   smtp.password_file, AUTHD_SMTP_PASSWORD_FILE
  credential    smtp_password
  takes effect  at the next start`)
})

test('the reference has every key', () => {
  const text = describeKeys()

  expect(KEYS.filter(({ key }) => !text.includes(`${key}\n`))).toEqual([])
})

test('the JSON Schema for editors knows every key, its type and its default, and no others', () => {
  const schema = configJsonSchema()

  expect(schema).toMatchObject({
    additionalProperties: false,
    properties: {
      server: {
        additionalProperties: false,
        properties: { port: { type: 'integer', minimum: 1, maximum: 65535, default: 3000 } },
      },
      smtp: { properties: { password_file: { type: 'string' } } },
      signin: { properties: { ttl: { type: 'string', default: '10m' } } },
      jwt_secret: { type: 'string' },
    },
  })
})

test('the list of variables shows which are set', () => {
  const variables = listVariables({ AUTHD_SMTP_HOST: 'a.example' })

  expect(variables).toContainEqual({ name: 'AUTHD_SMTP_HOST', key: 'smtp.host', isSet: true })
  expect(variables).toContainEqual({ name: 'SMTP_HOST', key: 'smtp.host', isSet: false })
  expect(variables).toContainEqual({ name: 'AUTHD_SMTP_PASSWORD_FILE', key: 'smtp.password', isSet: false })
})
