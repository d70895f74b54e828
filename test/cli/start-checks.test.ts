import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BAD_CONFIGS, BAD_PUBLIC_URLS } from '../config/bad-configs.ts'
import { freePort, shell } from '../support/cli.ts'
import { runCommandLine } from '../support/command.ts'
import { NEEDED } from '../support/config-folder.ts'

const ENV = { PATH: process.env['PATH'] ?? '' }
/** What a start refuses because of its user: exit code 77. */
const NO_PERMISSION = /is not a folder|is a directory|cannot read the server secret/

/** What the three say about one configuration. All in this process: a start that is refused opens nothing. */
async function verdicts(folder: string) {
  const run = (...args: string[]) =>
    runCommandLine({ args: [...args, '-c', 'authd.toml'], folder, env: { ...ENV, HOME: folder }, input: '' })
  const check = await run('config', 'check')
  const serve = await run('serve')
  const doctor = await run('doctor', '--offline', '--only', 'config', '--json')
  const { checks } = JSON.parse(doctor.stdout) as { checks: { status: string; detail: string }[] }
  const wrong = checks.filter(({ status }) => status === 'wrong').map(({ detail }) => detail)
  return { check, serve, doctor: { code: doctor.code, said: wrong.join('\n') } }
}

const shared = shell({ data: false, forFile: true })

const CONFIGS = [
  ...BAD_CONFIGS.map(({ text, says }) => ({ name: text, text: `${NEEDED}${text}\n`, says })),
  ...BAD_PUBLIC_URLS.map(([url, says]) => ({
    name: `public_url ${url}`,
    text: NEEDED.replace('https://auth.example.com', url),
    says,
  })),
]

test.each(CONFIGS)('config check, serve and doctor all refuse $name', async ({ text, says }) => {
  const { folder } = await shared
  writeFileSync(join(folder, 'authd.toml'), `data_dir = "data"\n${text}`, { mode: 0o600 })

  const { check, serve, doctor } = await verdicts(folder)

  expect([check.code, serve.code, doctor.code]).toEqual([78, 78, 1])
  for (const said of [check.stderr, serve.stderr, doctor.said]) expect(said).toContain(says)
})

type Prepare = (folder: string) => void

const makeFolder = (name: string): Prepare => {
  return (folder) => mkdirSync(join(folder, name))
}

const write = (name: string, text = 'text', mode = 0o600): Prepare => {
  return (folder) => {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), mode)
  }
}

test.each<[string, string, Prepare, string]>([
  [
    'a secret that all can read',
    '',
    write('data/secret', 'x'.repeat(40), 0o644),
    'can read or change the server secret',
  ],
  ['a secret that is too short', '', write('data/secret', 'short'), 'is shorter than 32 bytes'],
  ['an empty secret', '', write('data/secret', ''), 'is shorter than 32 bytes'],
  ['a data folder that is a file', 'data_dir = "file"', write('file'), 'is not a folder'],
  ['a log in a missing folder', 'log.file = "missing/authd.log"', () => {}, 'missing/authd.log cannot be opened'],
  ['a log that is a folder', 'log.file = "data"', () => {}, 'it is not a regular file'],
  ['a missing CA', 'smtp.ca_file = "missing.pem"', () => {}, 'does not exist'],
  ['a CA that is not one', 'smtp.ca_file = "ca.pem"', write('ca.pem'), 'holds no certificate in PEM'],
  ['a missing logo', 'app.logo = "missing.svg"', () => {}, 'does not exist'],
  ['a logo of another kind', 'app.logo = "logo.txt"', write('logo.txt'), 'is not an .svg, .png or .webp file'],
  ['a missing folder of templates', 'mail.templates_dir = "missing"', () => {}, 'does not exist'],
  ['a missing folder of sentences', 'app.locales_dir = "missing"', () => {}, 'does not exist'],
  ['a missing password file', 'smtp.password_file = "missing"', () => {}, 'does not exist'],
  ['an empty password file', 'smtp.password_file = "empty"', write('empty', ''), 'is empty'],
  ['a .env that is a folder', '', makeFolder('.env'), '.env cannot be read: it is a directory'],
  ['a secret that is a folder', '', makeFolder('data/secret'), 'cannot read the server secret'],
])('config check, serve and doctor all refuse %s', async (_, line, prepare, says) => {
  const { folder } = await shell({ data: false })
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  const dataDir = line.startsWith('data_dir') ? '' : 'data_dir = "data"\n'
  writeFileSync(join(folder, 'authd.toml'), `${dataDir}${NEEDED}${line}\n`, { mode: 0o600 })
  prepare(folder)

  const { check, serve, doctor } = await verdicts(folder)

  const expected = NO_PERMISSION.test(says) ? 77 : 78
  expect([check.code, serve.code, doctor.code]).toEqual([expected, expected, 1])
  for (const said of [check.stderr, serve.stderr, doctor.said]) expect(said).toContain(says)
})

test('config check, serve and doctor all refuse a database whose secret is gone, and name one cause once', async () => {
  const { folder, run } = await shell({ data: false })
  mkdirSync(join(folder, 'data'), { mode: 0o700 })
  writeFileSync(join(folder, 'authd.toml'), `data_dir = "data"\n${NEEDED}`, { mode: 0o600 })
  await run(['migrate', '-c', 'authd.toml'])
  await run(['users', 'list', '-c', 'authd.toml'])
  const before = await run(['config', 'check', '-c', 'authd.toml'])
  rmSync(join(folder, 'data/secret'))

  const { check, serve, doctor } = await verdicts(folder)
  const whole = await run(['doctor', '--offline', '--only', 'config,files,db', '-c', 'authd.toml'])

  expect([before.code, check.code, serve.code, doctor.code]).toEqual([0, 78, 78, 1])
  for (const said of [check.stderr, serve.stderr, doctor.said]) expect(said).toContain('is missing, but the database')
  expect(whole.stdout).toContain('1 wrong')
})

/** A user who cannot be given files: for root, whose rights these commands drop; another user meets modes of 0. */
const NOBODY = 65_534

test.each([
  ['authd.toml', /authd\.toml cannot be read: permission denied/],
  ['.env', /\.env cannot be read: permission denied/],
  ['data/secret', /cannot read the server secret/],
])('config check and doctor judge as the service, which may not read %s', async (name, says) => {
  const { folder, spawn } = await shell({ data: false })
  const own = (path: string, text?: string) => {
    if (text === undefined) mkdirSync(join(folder, path), { mode: 0o700, recursive: true })
    else writeFileSync(join(folder, path), text, { mode: path === name && process.getuid?.() !== 0 ? 0 : 0o600 })
    if (process.getuid?.() === 0 && path !== name) chownSync(join(folder, path), NOBODY, NOBODY)
  }
  own('.')
  own('data')
  own('authd.toml', `data_dir = "data"\n${NEEDED}`)
  own('.env', '')
  own('data/secret', 'x'.repeat(40))

  const check = await spawn(['config', 'check', '-c', 'authd.toml'])
  const doctor = await spawn(['doctor', '--offline', '--only', 'config', '-c', 'authd.toml'])

  expect([check.code, doctor.code]).toEqual([77, 1])
  for (const said of [check.stderr, doctor.stdout]) expect(said).toMatch(says)
})

test.each([
  ['nothing else', ''],
  ['a mail server without a port', 'smtp.tls = "implicit"'],
  ['a world-writable configuration', ''],
])('config check, serve and doctor all accept %s', async (name, line) => {
  const place = await shell({ data: false })
  const port = await freePort()
  const text = `${NEEDED.replace('https://auth.example.com', `http://localhost:${port}`)}${line}\n`
  const file = join(place.folder, 'authd.toml')
  writeFileSync(file, `data_dir = "data"\nserver.port = ${port}\n${text}`)
  chmodSync(file, name.startsWith('a world') ? 0o666 : 0o600)

  const check = await place.run(['config', 'check', '-c', file])
  const { pid } = await place.serve(['-c', file])
  const doctor = await place.run(['doctor', '--offline', '--only', 'config', '--json', '-c', file])

  expect([check.code, pid > 0, doctor.code]).toEqual([0, true, 0])
  const warnings = JSON.parse(doctor.stdout).checks.filter(({ status }: { status: string }) => status === 'warn')
  expect(warnings.length).toBe(check.stdout.match(/^warning: /gm)?.length ?? 0)
})
