import { expect, test } from 'vitest'
import { describeSource } from '../../src/config/value-source.ts'
import { folder, NEEDED } from '../support/config-folder.ts'

const PASSWORD = 'k3Vq0z8J'
const ACCOUNT = `${NEEDED}smtp.username = "authd"\n`

test.each([
  { layers: ['file'], port: 3001, origin: /config\.toml:4$/ },
  { layers: ['file', 'dotenv'], port: 3002, origin: /\.env:1 AUTHD_SERVER_PORT$/ },
  { layers: ['file', 'dotenv', 'env'], port: 3003, origin: /^env AUTHD_SERVER_PORT$/ },
  { layers: ['file', 'dotenv', 'env', 'flag'], port: 3004, origin: /^command line$/ },
  { layers: [], port: 3000, origin: /^default$/ },
])('of the layers $layers the last one wins', ({ layers, port, origin }) => {
  const here = folder()
  here.write('config.toml', `${NEEDED}${layers.includes('file') ? 'server.port = 3001' : ''}`)
  here.write('.env', layers.includes('dotenv') ? 'AUTHD_SERVER_PORT=3002' : '')

  const loaded = here.load({
    env: layers.includes('env') ? { AUTHD_SERVER_PORT: '3003' } : {},
    flags: layers.includes('flag') ? { 'server.port': 3004 } : {},
  })

  expect(loaded.config.server.port).toBe(port)
  expect(describeSource(loaded.sources.get('server.port') ?? { kind: 'flag' })).toMatch(origin)
})

test('the environment alone can configure lists, durations, switches and numbers', () => {
  const here = folder()

  const { config } = here.load({
    env: {
      AUTHD_PUBLIC_URL: 'https://auth.example.com/auth',
      AUTHD_SMTP_HOST: 'smtp.example.com',
      AUTHD_MAIL_FROM: 'Example <no-reply@example.com>',
      AUTHD_SERVER_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      AUTHD_SIGNIN_TTL: '5m',
      AUTHD_DATABASE_AUTO_MIGRATE: 'off',
      AUTHD_SMTP_MAX_CONNECTIONS: '2',
      AUTHD_LOG_LEVEL: 'WARN',
      AUTHD_APP_NAME: '',
    },
  })

  expect(config).toMatchObject({
    publicUrl: 'https://auth.example.com/auth',
    server: { trustedProxies: ['10.0.0.0/8', '::1'] },
    signin: { ttl: 300_000 },
    database: { autoMigrate: false },
    smtp: { maxConnections: 2 },
    log: { level: 'warn' },
    app: { name: 'authd' },
  })
})

test.each([
  ['AUTHD_SMTP_PASSWORD_FILE in the environment', { AUTHD_SMTP_PASSWORD_FILE: 'secrets/smtp' }, ''],
  ['the established SMTP_PASSWORD_FILE', { SMTP_PASSWORD_FILE: 'secrets/smtp' }, ''],
  ['smtp.password_file in the file', {}, 'smtp.password_file = "secrets/smtp"'],
  ['the established smtp_password_file in the file', {}, 'smtp_password_file = "secrets/smtp"'],
  ['a credential', { CREDENTIALS_DIRECTORY: 'credentials' }, ''],
  ['a credential with a prefix', { CREDENTIALS_DIRECTORY: 'prefixed' }, ''],
  ['two places that agree', { CREDENTIALS_DIRECTORY: 'credentials', SMTP_PASSWORD: PASSWORD }, ''],
])('a secret is read from %s', (_place, env: Record<string, string>, line) => {
  const here = folder()
  here.write('config.toml', `${ACCOUNT}${line}`)
  here.write('secrets/smtp', `${PASSWORD}\n`)
  here.write('credentials/smtp_password', PASSWORD)
  here.write('prefixed/authd.smtp_password', PASSWORD)
  const credentials = env['CREDENTIALS_DIRECTORY'] && `${here.path}/${env['CREDENTIALS_DIRECTORY']}`

  const { config, warnings } = here.load({ env: { ...env, CREDENTIALS_DIRECTORY: credentials } })

  expect(config.smtp.password).toBe(PASSWORD)
  expect(warnings).toEqual([])
})

test('a secret with different values in two layers is rejected, and both are named', () => {
  const here = folder()
  here.write('config.toml', `${ACCOUNT}smtp.password = "${PASSWORD}"`)

  const { problems } = here.inspect({ env: { AUTHD_SMTP_PASSWORD: 'another one' } })

  expect(problems).toMatchObject([
    { line: 5, message: 'AUTHD_SMTP_PASSWORD and smtp.password have different values', suggestion: 'Keep one of them' },
  ])
})

test('a secret and its file with different values are rejected', () => {
  const here = folder()
  here.write('secret', 'p9Xw2Lr6Vt4Kq8Zb1Nc5Hd7Jf3Gs0My_')
  here.write('config.toml', `${NEEDED}secret = "k3Vq0z8Jm2Xr7Lw5Tn9Yb4Hc6Dp1Gs0F"\nsecret_file = "secret"`)

  const { problems } = here.inspect()

  expect(problems).toMatchObject([{ key: 'secret', line: 4, message: 'secret and secret_file are different secrets' }])
})

test('the server secret can be a systemd credential', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  const path = here.write('credentials/secret', 'p9Xw2Lr6Vt4Kq8Zb1Nc5Hd7Jf3Gs0My_')

  const { config } = here.load({ env: { CREDENTIALS_DIRECTORY: `${here.path}/credentials` } })

  expect(config).toMatchObject({ secretFile: path, secret: undefined })
})

test('the secret shared with applications must differ from the server secret, also in a file', () => {
  const here = folder()
  here.write('data/secret', 'p9Xw2Lr6Vt4Kq8Zb1Nc5Hd7Jf3Gs0My_\n')
  here.write('config.toml', `${NEEDED}data_dir = "data"`)

  const { problems } = here.inspect({ env: { JWT_SECRET: 'p9Xw2Lr6Vt4Kq8Zb1Nc5Hd7Jf3Gs0My_' } })

  expect(problems).toMatchObject([{ key: 'tokens.hs256_secret', message: expect.stringContaining('server secret') }])
})

test('a world-readable secret causes a warning', () => {
  const here = folder()
  here.write('config.toml', `${ACCOUNT}smtp.password_file = "smtp"`)
  const path = here.write('smtp', PASSWORD, 0o644)

  const { warnings } = here.load()

  expect(warnings).toMatchObject([{ key: 'smtp.password', line: 5, suggestion: `Run chmod 600 ${path}` }])
})

test('a configuration that every user can change, and a readable .env with a password, cause warnings', () => {
  const here = folder()
  const config = here.write('config.toml', ACCOUNT, 0o666)
  const env = here.write('.env', `AUTHD_SMTP_PASSWORD=${PASSWORD}`, 0o644)

  const { warnings } = here.load()

  expect(warnings.map(({ message, suggestion }) => [message, suggestion])).toEqual([
    [`everybody on this machine can read ${env}, which holds smtp.password`, `Run chmod 640 ${env}`],
    [`everybody on this machine can change ${config}`, `Run chmod o-w ${config}`],
  ])
})

test.each([
  ['abc#def', "Put it in quotes: AUTHD_SMTP_PASSWORD='…'"],
  ['abc # def', "Put it in quotes: AUTHD_SMTP_PASSWORD='…'"],
])('a password in .env that ends at # causes a warning (%s)', (written, suggestion) => {
  const here = folder()
  here.write('config.toml', ACCOUNT)
  here.write('.env', `# mail\nAUTHD_SMTP_PASSWORD=${written}`, 0o600)

  const { config, warnings } = here.load()

  expect(config.smtp.password).toBe('abc')
  expect(warnings).toMatchObject([{ key: 'smtp.password', line: 2, suggestion }])
})

test.each(["'abc#def'", '"abc#def"', 'abcdef'])(
  'a password in .env that is not cut causes no warning (%s)',
  (written) => {
    const here = folder()
    here.write('config.toml', ACCOUNT)
    here.write('.env', `AUTHD_SMTP_PASSWORD=${written}\nAUTHD_APP_NAME=Example # our name`, 0o600)

    expect(here.load().warnings).toEqual([])
  },
)

test('quotes that are part of a variable cause a warning, and a secret loses the line break at its end', () => {
  const here = folder()
  here.write('config.toml', ACCOUNT)

  const quoted = here.load({ env: { AUTHD_SMTP_PASSWORD: '"abc"' } })
  const broken = here.load({ env: { AUTHD_SMTP_PASSWORD: 'abc\n' } })

  expect(quoted.warnings).toMatchObject([{ key: 'smtp.password', message: expect.stringContaining('the quotes') }])
  expect([broken.config.smtp.password, broken.warnings]).toEqual(['abc', []])
})

test('relative paths start at the folder of their file, or at the working directory for the environment', () => {
  const here = folder()
  here.write('etc/config.toml', `${NEEDED}data_dir = "data"`)

  const { config } = here.load({ env: { AUTHD_DATABASE_PATH: 'here.db' } })

  expect(config).toMatchObject({
    dataDir: `${here.path}/etc/data`,
    secretFile: `${here.path}/etc/data/secret`,
    database: { path: `${here.path}/here.db` },
  })
})

test('a configuration cannot be changed once it is loaded', () => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { config } = here.load()

  expect([config, config.server, config.server.trustedProxies].every(Object.isFrozen)).toBe(true)
})

test('PostgreSQL turns automatic migration off unless it is configured', () => {
  const here = folder()
  here.write('config.toml', NEEDED)

  const { config } = here.load({ env: { AUTHD_DATABASE_URL: 'postgres://authd@localhost/authd' } })

  expect(config.database).toMatchObject({ autoMigrate: false, url: 'postgres://authd@localhost/authd' })
})
