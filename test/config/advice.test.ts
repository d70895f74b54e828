import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inspectConfig } from '../../src/config/load.ts'
import { parseValue } from '../../src/config/parse-value.ts'
import { KEYS, type Key } from '../../src/config/schema.ts'
import { shell } from '../support/cli.ts'
import { folder, NEEDED } from '../support/config-folder.ts'
import { fc } from '../support/property.ts'

const ENOUGH = {
  AUTHD_PUBLIC_URL: 'https://auth.example.com',
  AUTHD_SMTP_HOST: 'smtp.example.com',
  AUTHD_MAIL_FROM: 'a@example.com',
}

const inspect = (env: Record<string, string>) =>
  inspectConfig({ env: { ...ENOUGH, ...env }, cwd: '/nonexistent', systemDir: '/nonexistent', checksFiles: true })

const said = (env: Record<string, string>) =>
  inspect(env).problems.map(({ message, suggestion }) => [message, suggestion].filter(Boolean).join('. '))

/** What people write by mistake. */
const MISTAKES: Record<string, (key: Key) => string[]> = {
  list: ({ example, kind }) => {
    const items = Array.isArray(example) ? example : (kind.options ?? [])
    return items.length < 2 ? [] : [items.join(' '), items.join(';'), JSON.stringify(items)]
  },
  duration: () => ['600', '3600', '86400'],
  boolean: () => ['maybe', '"true"'],
}

test('what a message advises for a variable is accepted', () => {
  const faults = KEYS.filter(({ secret }) => !secret).flatMap((key) =>
    (MISTAKES[key.kind.name]?.(key) ?? []).flatMap((value) => {
      const source = { kind: 'env', name: key.env } as const
      const parsed = parseValue({ key, value, isText: true, source })
      if ('value' in parsed || parsed.suggestion === undefined) return []
      const [, advised = ''] = /^(?:Write|Separate them with commas:) '?\w+='?([^' ]*)/.exec(parsed.suggestion) ?? []
      const again = parseValue({ key, value: advised, isText: true, source })
      return [{ key: key.key, suggestion: parsed.suggestion, isAccepted: 'value' in again }]
    }),
  )

  expect(faults.length).toBeGreaterThan(20)
  expect(faults.filter(({ isAccepted }) => !isAccepted)).toEqual([])
})

test.each([
  [
    { AUTHD_SERVER_TRUSTED_PROXIES: '10.0.0.0/8 192.168.0.0/16' },
    'Write AUTHD_SERVER_TRUSTED_PROXIES=10.0.0.0/8,192.168.0.0/16',
  ],
  [{ AUTHD_SERVER_PORT: '84200' }, 'AUTHD_SERVER_PORT: expected 1..65535, got 84200'],
  [{ AUTHD_SIGNIN_TTL: '2h' }, 'AUTHD_SIGNIN_TTL: expected a duration from 1m to 1h, got "2h"'],
  [{ AUTHD_METRICS_ENABLED: 'maybe' }, 'Write AUTHD_METRICS_ENABLED=true or AUTHD_METRICS_ENABLED=false'],
  [{ AUTHD_SMTP_USERNAME: 'ada' }, 'Write AUTHD_SMTP_PASSWORD_FILE=/etc/authd/secrets/smtp_password'],
  [{ AUTHD_SMTP_PORT: '465', AUTHD_SMTP_TLS: 'starttls' }, 'Write AUTHD_SMTP_TLS=implicit, or AUTHD_SMTP_PORT=587'],
])('advice for %j is for a variable', (env, advice) => {
  expect(said(env)).toEqual([expect.stringContaining(advice)])
})

test.each([
  { AUTHD_METRICS_PORT: 'tcp://10.0.0.1:9090' },
  { AUTHD_SMTP_PORT: 'tcp://10.0.0.1:25' },
  { SMTP_PORT: 'tcp://10.0.0.1:25' },
  { AUTHD_SERVER_SERVICE_HOST: '10.0.0.1', AUTHD_SERVER_SERVICE_PORT_HTTP: '3000' },
  { AUTHD_METRICS_PORT_9090_TCP_ADDR: '10.0.0.1', AUTHD_PORT: 'tcp://10.0.0.1:3000' },
])('variables that Kubernetes sets for a service are not read: %j', (env) => {
  const { problems, config } = inspect(env)

  expect(problems).toEqual([])
  expect(config.smtp.port).toBe(587)
})

test('a variable that only looks like one of Kubernetes is unknown', () => {
  expect(said({ AUTHD_PORT: '3000' })).toEqual([expect.stringContaining('unknown variable AUTHD_PORT')])
})

test('port 465 begins with TLS, unless another way is asked for', () => {
  const implicit = inspect({ AUTHD_SMTP_PORT: '465' })

  expect([implicit.problems, implicit.config.smtp.tls]).toEqual([[], 'implicit'])
  expect(inspect({}).config.smtp.tls).toBe('starttls')
})

test.each(['mailhog', '10.1.2.3', 'fd00::25'])('a relay at %s may do without TLS, with a warning', (host) => {
  const { problems, warnings } = inspect({ AUTHD_SMTP_HOST: host, AUTHD_SMTP_TLS: 'none' })

  expect(problems).toEqual([])
  expect(warnings).toMatchObject([{ message: expect.stringContaining(`without encryption to ${host}`) }])
})

test.each([
  { AUTHD_SMTP_HOST: 'smtp.example.com' },
  { AUTHD_SMTP_HOST: '9.9.9.9' },
  { AUTHD_SMTP_HOST: 'mailhog', AUTHD_SMTP_USERNAME: 'ada', AUTHD_SMTP_PASSWORD: 'Kq7bTz91x' },
])('TLS is not turned off for %j', (env) => {
  expect(said({ ...env, AUTHD_SMTP_TLS: 'none' })).toEqual([expect.stringContaining('without encryption')])
})

test('signin.ttl may be an hour, with a warning above ten minutes', () => {
  const { problems, warnings } = inspect({ AUTHD_SIGNIN_TTL: '1h' })

  expect(problems).toEqual([])
  expect(warnings).toMatchObject([{ message: expect.stringContaining('NIST SP 800-63B-4') }])
  expect(inspect({ AUTHD_SIGNIN_TTL: '10m' }).warnings).toEqual([])
})

test.each([
  ['AUTHD_SMTP_CA_FILE', 'missing.pem', 'does not exist'],
  ['AUTHD_SMTP_CA_FILE', 'text', 'holds no certificate in PEM'],
  ['AUTHD_APP_LOGO', 'missing.png', 'does not exist'],
  ['AUTHD_APP_LOGO', 'text', 'is not an .svg, .png or .webp file'],
  ['AUTHD_APP_THEME_CSS', '.', 'does not exist or is not a file'],
  ['AUTHD_MAIL_TEMPLATES_DIR', 'missing', 'does not exist'],
  ['AUTHD_APP_LOCALES_DIR', 'missing', 'does not exist'],
])('config check and serve refuse %s = %s alike', async (name, file, fault) => {
  const { run, spawn, folder } = await shell()
  await writeFile(join(folder, 'text'), 'hello')
  const env = { ...ENOUGH, [name]: file, AUTHD_DATA_DIR: 'authd-data' }

  const check = await run(['config', 'check'], { env })
  const serve = await spawn(['serve'], { env })
  const command = await run(['config', 'show'], { env })

  expect([check.code, serve.code, command.code]).toEqual([78, 78, 0])
  expect(check.stderr).toContain(fault)
  expect(serve.stderr).toContain(fault)
})

/** What people write in a file by mistake. */
const WRITTEN = fc.oneof(
  fc.integer({ min: -10, max: 100_000 }),
  fc.boolean(),
  fc.double({ noNaN: true }),
  fc.integer({ min: 0, max: 100_000 }).map(String),
  fc.constantFrom('14', '10 minutes', '1h', 'yes', '', 'a b', 'https://app.example.com', '127.0.0.1:3000', '2'),
)

test('what a message advises for a file is accepted by the key, whatever was written', () => {
  const source = { kind: 'file', name: 'x', path: 'config.toml', line: 1, column: 1 } as const
  const advised: string[] = []

  fc.assert(
    fc.property(fc.constantFrom(...KEYS.filter(({ secret }) => !secret)), WRITTEN, (key, value) => {
      const parsed = parseValue({ key, value, isText: false, source })
      const [, toml] = /\b\w+ = (\[.*\]|"[^"]*"|[\w.-]+)/.exec('value' in parsed ? '' : (parsed.suggestion ?? '')) ?? []
      if (toml === undefined) return
      advised.push(key.kind.name)
      expect(parseValue({ key, value: JSON.parse(toml), isText: false, source })).toHaveProperty('value')
    }),
    { numRuns: 5000 },
  )

  expect([...new Set(advised)].toSorted()).toEqual(['boolean', 'duration', 'list', 'number', 'path', 'text'])
})

test('quotes in .env that are not closed are named, also around a secret', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  const path = here.write(
    '.env',
    'AUTHD_SMTP_PASSWORD="hunter2-hunter3\nAUTHD_SMTP_USERNAME=ada\nAUTHD_SERVER_PORT=\'25\n',
  )

  const { problems } = here.inspect()

  expect(problems).toMatchObject([
    { path, line: 1, message: 'AUTHD_SMTP_PASSWORD: the quotes are not closed' },
    { path, line: 3, message: 'AUTHD_SERVER_PORT: the quotes are not closed' },
  ])
  expect(JSON.stringify(problems)).not.toContain('hunter2')
})
