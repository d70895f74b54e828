import { mkdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { developmentConfig, isConfigured, mayDevelop } from '../../src/config/development.ts'
import { ownerOnDisk } from '../../src/config/discover.ts'
import { findInstance } from '../../src/config/instance.ts'
import { parseConfig } from '../../src/config/load.ts'
import { resolveValues } from '../../src/config/resolve-values.ts'
import { folder, NEEDED } from '../support/config-folder.ts'

const PLACES = ['named.toml', 'variable.toml', 'etc/config.toml', 'user/authd/config.toml', 'config.toml']

test.each([
  [0, '--config'],
  [1, 'AUTHD_CONFIG'],
  [2, 'system'],
  [3, 'user'],
  [4, 'working directory'],
])('with the first %i places empty, the configuration comes from %s', (empty, why) => {
  const here = folder()
  const paths = PLACES.slice(empty).map((name) => here.write(name, NEEDED))
  const env = { XDG_CONFIG_HOME: `${here.path}/user`, AUTHD_CONFIG: empty <= 1 ? 'variable.toml' : '' }

  const { path, searched } = here.load({ env, configPath: empty === 0 ? 'named.toml' : undefined })

  expect(path).toBe(paths[0])
  expect(searched.find(({ exists }) => exists)).toMatchObject({ path, why })
})

test.each([{ configPath: 'no.toml' }, { env: { AUTHD_CONFIG: 'no.toml' } }])(
  'a named file that does not exist is refused, and no other is read: %j',
  (named) => {
    const here = folder()
    here.write('config.toml', NEEDED)

    expect(() => here.load({ env: {}, ...named })).toThrow(/no\.toml does not exist/)
  },
)

test('--config - uses the text from stdin and no .env', () => {
  const here = folder()
  here.write('.env', 'AUTHD_SERVER_PORT=4000')

  const { config, path } = here.load({ configPath: '-', stdin: `${NEEDED}data_dir = "data"` })

  expect(config).toMatchObject({ server: { port: 3000 }, dataDir: `${here.path}/data` })
  expect(path).toBe('-')
})

test('--env names another .env', () => {
  const here = folder()
  here.write('config.toml', NEEDED)
  here.write('.env', 'AUTHD_SERVER_PORT=4000')
  const envFile = here.write('other.env', 'AUTHD_SERVER_PORT=4001\nUNRELATED=1')

  const { config } = here.load({ envFile })

  expect(config.server.port).toBe(4001)
})

test('root does not read a ./config.toml or a .env that is not its own', () => {
  const here = folder()
  const path = here.write('config.toml', NEEDED)
  const dotenv = here.write('.env', '')
  const loadOwnedBy = (owners: Record<string, number>, configPath?: string) => () =>
    here.load({ uid: 0, configPath, ownerOf: (file) => owners[file] })

  expect(loadOwnedBy({ [path]: 0, [dotenv]: 0 })).not.toThrow()
  expect(loadOwnedBy({ [path]: 0, [dotenv]: 1000 })).toThrow(`${dotenv} belongs to user 1000`)
  expect(loadOwnedBy({ [path]: 1000, [dotenv]: 0 })).toThrow(`${path} belongs to user 1000`)
  expect(loadOwnedBy({ [path]: 1000, [dotenv]: 1000 }, path)).not.toThrow()
})

test('root does not read the configuration in a home that is not its own', () => {
  const here = folder()
  const path = here.write('home/.config/authd/config.toml', NEEDED)

  const load = () => here.load({ uid: 0, ownerOf: () => 1000, env: { HOME: `${here.path}/home` } })

  expect(load).toThrow(`${path} belongs to user 1000`)
})

test('the owner of a file is the user who wrote it', () => {
  const here = folder()
  const path = here.write('config.toml', NEEDED)

  expect([ownerOnDisk(path), ownerOnDisk(`${path}.missing`)]).toEqual([process.getuid?.(), undefined])
})

test('development mode needs no settings, reads no file and listens on this machine only', () => {
  const here = folder()
  here.write('config.toml', 'broken')

  const { config, path } = developmentConfig({ env: {}, cwd: here.path, flags: { 'server.port': 4000 } })

  expect(config).toMatchObject({
    publicUrl: 'http://localhost:4000',
    dataDir: `${here.path}/authd-data`,
    server: { host: '127.0.0.1', port: 4000 },
    smtp: { host: undefined },
  })
  expect(path).toBe(undefined)
})

test.each([
  ['server.host', '0.0.0.0'],
  ['public_url', 'https://auth.example.com'],
])('development mode rejects %s = %s', (key, value) => {
  const here = folder()

  const run = () => developmentConfig({ env: {}, cwd: here.path, flags: { [key]: value } })

  expect(run).toThrow('development mode')
})

test('serve chooses development mode only where no authd configuration exists', () => {
  const here = folder()
  const around = { env: {}, cwd: here.path, pid: 4242, systemDir: `${here.path}/etc` }

  expect(mayDevelop(around)).toBe(true)
  expect(mayDevelop({ ...around, env: { AUTHD_PAGER: 'less', PATH: '/bin' } })).toBe(true)
  expect(mayDevelop({ ...around, env: { AUTHD_LOG_LEVEL: 'info' } })).toBe(false)
  expect(mayDevelop({ ...around, env: { SMTP_HOST: 'a.example' } })).toBe(false)
  expect(mayDevelop({ ...around, env: { INVOCATION_ID: '1' } })).toBe(false)
  expect(mayDevelop({ ...around, pid: 1 })).toBe(false)
  expect(mayDevelop({ ...around, configPath: 'missing.toml' })).toBe(false)
  expect(isConfigured(around)).toBe(false)
  here.write('etc/config.toml', NEEDED)
  expect(mayDevelop(around)).toBe(false)
  expect(isConfigured(around)).toBe(true)
})

const VARIABLES = {
  none: {},
  some: { AUTHD_LOG_LEVEL: 'debug' },
  enough: { AUTHD_PUBLIC_URL: 'http://localhost:4000', SMTP_HOST: 'localhost', EMAIL_FROM: 'a@example.com' },
  public: { AUTHD_PUBLIC_URL: 'https://a.example', SMTP_HOST: 'localhost', EMAIL_FROM: 'a@example.com' },
}
const FILES = ['none', 'found', '-c', 'AUTHD_CONFIG'] as const
const COMBINATIONS = FILES.flatMap((file) =>
  Object.keys(VARIABLES).flatMap((variables) =>
    [false, true].map((data) => ({ file, variables: variables as keyof typeof VARIABLES, data })),
  ),
)

test.each(COMBINATIONS)(
  'a command acts on one instance, and names the other that it could have meant: %j',
  ({ file, variables, data }) => {
    const here = folder()
    if (data) mkdirSync(`${here.path}/authd-data`)
    const named = file === 'none' ? undefined : here.write(file === 'found' ? 'config.toml' : 'named.toml', NEEDED)
    const env = { ...VARIABLES[variables], AUTHD_CONFIG: file === 'AUTHD_CONFIG' ? named : undefined }
    const around = { env, cwd: here.path, configPath: file === '-c' ? named : undefined, systemDir: `${here.path}/etc` }
    const isLeft = data && variables !== 'public'
    const isEnough = variables === 'enough' || variables === 'public'

    const act = () => {
      const { isDevelopment, path, config, other } = findInstance(around)
      const shown = other?.replace(`${here.path}/`, '')
      return [isDevelopment ? 'development' : (path ?? 'variables'), config.dataDir.replace(`${here.path}/`, ''), shown]
    }

    const expected =
      file !== 'none'
        ? [named, '/var/lib/authd', isLeft && file === 'found' ? 'authd-data' : undefined]
        : isLeft
          ? ['development', 'authd-data', isEnough ? '/var/lib/authd' : undefined]
          : isEnough && ['variables', '/var/lib/authd', undefined]
    if (expected === false) expect(act).toThrow('public_url is missing')
    else expect(act()).toEqual(expected)
    expect(mayDevelop({ ...around, pid: 4242 })).toBe(file === 'none' && variables === 'none')
  },
)

test('without a file and with too few variables, the error names the variable that ends development mode', () => {
  const here = folder()

  const load = (env: Record<string, string>) => () => here.load({ env, systemDir: `${here.path}/etc` })

  expect(load({ AUTHD_LOG_LEVEL: 'debug' })).toThrow('Because AUTHD_LOG_LEVEL is set, development mode needs --dev.')
  expect(load({})).not.toThrow('--dev.')
})

test('a partial configuration gets all defaults, and its errors are reported', () => {
  const config = parseConfig({ session: { ttl: '20d' }, server_port: 4000 })

  expect(config).toMatchObject({ session: { ttl: 1_728_000_000 }, server: { port: 4000 } })
  expect(() => parseConfig({ server: { prot: 1 } })).toThrow('Did you mean "port"?')
})

test.each([
  ['/etc/authd-2/config.toml', '/etc/authd-2/templates', '/var/lib/authd-2'],
  ['/etc/authd/config.toml', '/etc/authd/templates', '/var/lib/authd'],
  ['/srv/shop/authd.toml', '/etc/authd/templates', '/var/lib/authd'],
  [undefined, '/etc/authd/templates', '/var/lib/authd'],
])('a second service has templates and data of its own: the configuration %s', (path, templates, dataDir) => {
  const { config } = resolveValues([], { isDev: false, cwd: '/', texts: new Map(), path })

  expect([config.mail.templatesDir, config.dataDir]).toEqual([templates, dataDir])
})
