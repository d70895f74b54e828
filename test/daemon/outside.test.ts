import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, PROGRAM, shell } from '../support/cli.ts'
import { startSmtp } from '../support/smtp.ts'
import { until } from '../support/until.ts'

/** Accepts connections and never says anything. */
async function silentServer(): Promise<{ port: number; connections: Socket[] }> {
  const connections: Socket[] = []
  const server = createServer((socket) => connections.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of connections) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return { port, connections }
}

/** A daemon with this mail server, and its environment for the next one on the same database. */
async function environment(port: number, publicPort: number): Promise<Record<string, string>> {
  return {
    AUTHD_PUBLIC_URL: `http://localhost:${publicPort}`,
    AUTHD_DATA_DIR: 'authd-data',
    AUTHD_SERVER_PORT: String(publicPort),
    AUTHD_SMTP_HOST: '127.0.0.1',
    AUTHD_SMTP_PORT: String(port),
    AUTHD_SMTP_TLS: 'none',
    // Longer than a stop may take, so that only the end of the try ends it.
    AUTHD_SMTP_TIMEOUT: '2m',
    AUTHD_MAIL_FROM: 'no-reply@example.com',
    AUTHD_SERVER_SHUTDOWN_TIMEOUT: '1s',
  }
}

const askForMail = (url: string) =>
  fetch(`${url}/v1/signin`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' }),
  })

test('a mail server that says nothing does not keep a daemon from stopping, and the next one sends the mail at once', async () => {
  const place = await shell()
  const silent = await silentServer()
  const port = await freePort()
  const first = await place.serve([], await environment(silent.port, port))
  await askForMail(first.url)
  await until(() => expect(silent.connections).toHaveLength(1))

  first.kill('SIGTERM')
  const code = await first.exit
  const relay = await startSmtp()
  await place.serve([], await environment(relay.port, port))

  await until(() => expect(relay.mails).toHaveLength(1))
  expect(code).toBe(0)
  expect(first.printed()).toMatch(/"stopped"}\n$/)
})

test('a daemon whose terminal is closed stops in order', async () => {
  const { folder } = await shell()
  const listen = `127.0.0.1:${await freePort()}`
  const command = `exec ${PROGRAM} serve --dev --listen ${listen}`
  const env = { PATH: process.env['PATH'], HOME: folder, AUTHD_LOG_FILE: 'authd.log', SHELL: '/bin/sh' }
  const terminal = spawn('script', ['-qc', command, '/dev/null'], {
    cwd: folder,
    env,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  onTestFinished(() => void terminal.kill('SIGKILL'))
  await until(() => fetch(`http://${listen}/liveness`))

  terminal.kill('SIGKILL')

  const log = await until(async () => {
    const text = await readFile(join(folder, 'authd.log'), 'utf8')
    expect(text).toMatch(/"stopped"}\n$/)
    return text
  })
  expect(log).not.toContain('configuration reloaded')
})

test('an unhandled rejection is logged, and the daemon stops in order with exit code 70', async () => {
  const place = await shell()
  const bug = "process.on('SIGWINCH', () => void Promise.reject(new Error('injected')))"
  const daemon = await place.serve(['--dev'], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}`,
  })

  daemon.kill('SIGWINCH')

  expect(await daemon.exit).toBe(70)
  expect(daemon.printed()).toMatch(/a bug: authd stops .*injected/)
  expect(daemon.printed()).toMatch(/stopped *\n$/)
})

test('a daemon whose log cannot be written serves, and says that lines are lost', async () => {
  const { folder } = await shell()
  const listen = `127.0.0.1:${await freePort()}`
  const env = { PATH: process.env['PATH'], HOME: folder }
  const full = openSync('/dev/full', 'w')
  const child = spawn(PROGRAM, ['serve', '--dev', '--listen', listen], {
    cwd: folder,
    env,
    stdio: ['ignore', full, full],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(() => fetch(`http://${listen}/liveness`))

  const readiness = await fetch(`http://${listen}/readiness`)
  const body = await readiness.json()
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')

  expect([readiness.status, body]).toMatchObject([200, { problems: [{ what: 'log', reason: 'log lines are lost' }] }])
  expect(code).toBe(0)
})
