import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, PROGRAM, shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

interface Logging {
  child: ChildProcess
  url: string
  /** The log, in the folder `logs`. */
  file: string
  stderr: () => string
  /** Waits until the log, or another file, has it. */
  until: (pattern: RegExp, file?: string) => Promise<void>
  end: () => Promise<number | null>
}

async function daemonWithLogFile(env: Record<string, string> = {}): Promise<Logging> {
  const { folder } = await shell()
  await mkdir(join(folder, 'logs'))
  const file = join(folder, 'logs/authd.log')
  const listen = `127.0.0.1:${await freePort()}`
  const child = spawn(PROGRAM, ['serve', '--dev', '--listen', listen], {
    cwd: folder,
    env: {
      ...{ PATH: process.env['PATH'], HOME: folder, AUTHD_LOG_FILE: 'logs/authd.log' },
      ...{ AUTHD_LIMITS_REQUESTS_PER_MINUTE: '1000000', ...env },
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const untilLogged = async (pattern: RegExp, path = file) =>
    void (await until(async () => expect(await readFile(path, 'utf8')).toMatch(pattern)))
  const end = async () => {
    child.kill('SIGTERM')
    const [code] = await once(child, 'exit')
    return code as number | null
  }
  const url = `http://${listen}`
  await until(() => fetch(`${url}/liveness`))
  return { child, url, file, stderr: () => stderr, until: untilLogged, end }
}

const idsIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .flatMap((line) => (JSON.parse(line) as { request_id?: string }).request_id ?? [])

test('a log that is rotated under load loses no line: both files together have every request', async () => {
  const { child, url, file, stderr, until, end } = await daemonWithLogFile()
  const ask = async () => (await fetch(`${url}/health`)).headers.get('x-request-id')
  const asked: (string | null)[] = []
  let isRotated = false
  const load = async () => {
    while (!isRotated) asked.push(await ask())
    asked.push(await ask())
  }

  const loads = [load(), load(), load()]
  await until(/(request_id.*\n.*){40}/)
  await rename(file, `${file}.1`)
  child.kill('SIGUSR1')
  await until(/"log file reopened"/)
  isRotated = true
  await Promise.all(loads)
  const code = await end()

  const [before, after] = await Promise.all([readFile(`${file}.1`, 'utf8'), readFile(file, 'utf8')])
  expect(code).toBe(0)
  expect([...idsIn(before), ...idsIn(after)]).toEqual(expect.arrayContaining(asked))
  expect(idsIn(after).length).toBeGreaterThan(0)
  expect(after).toMatch(/"message":"stopped"}\n$/)
  expect((await stat(file)).mode & 0o777).toBe(0o640)
  // By default Node starts a debugger on SIGUSR1.
  expect(stderr()).toBe('')
})

test('if the log cannot be reopened, authd keeps writing the old file, and says why there and on standard error', async () => {
  const { child, url, file, stderr, until, end } = await daemonWithLogFile()
  await rename(join(file, '..'), `${join(file, '..')}.away`)
  const old = file.replace('/logs/', '/logs.away/')

  child.kill('SIGUSR1')
  await until(/"log file not reopened: writing to the old one".*ENOENT/, old)
  await fetch(`${url}/health`)
  await until(/"route":"\/health"/, old)

  expect(stderr()).toMatch(/log file not reopened: ENOENT/)
  expect(await end()).toBe(0)
})

test('SIGUSR2 writes one line of diagnostics at any level, without secrets', async () => {
  const secret = 'kX2mQ8vTn4Lw7Rz1Yb6Hc3Dp9Gs5Jf0A'
  const { child, file, until, end } = await daemonWithLogFile({
    AUTHD_SECRET: secret,
    AUTHD_LOG_LEVEL: 'error',
  })

  child.kill('SIGUSR2')
  await until(/"diagnostics"/)

  const text = await readFile(file, 'utf8')
  const said = JSON.parse(text.split('\n').find((line) => line.includes('"diagnostics"')) ?? '') as object
  expect(said).toMatchObject({
    pid: child.pid,
    database: 'sqlite',
    config_hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    memory_mib: { rss: expect.any(Number) },
    jobs: { mail: expect.stringMatching(/^(running|done)$/) },
    mails: {},
  })
  expect(text).not.toContain(secret)
  expect(await end()).toBe(0)
})

test.each([
  ['its folder is not there', 'nowhere/authd.log', 'no such file or directory'],
  ['it is a folder', '.', 'it is not a regular file'],
  ['it is not a file', '/dev/null', 'it is not a regular file'],
])('a log file that cannot be opened prevents the start with exit code 78: %s', async (_why, path, words) => {
  const place = await shell()

  const { code, stdout, stderr } = await place.run(['serve', '--dev'], { env: { AUTHD_LOG_FILE: path } })

  expect([code, stdout]).toEqual([78, ''])
  expect(stderr).toMatch(new RegExp(`The log file .* cannot be opened: ${words}`))
  expect(stderr).toContain('Try: authd config reference log.file')
})
