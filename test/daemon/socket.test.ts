import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { PROGRAM, shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

const WORKERS = 6
/** Answers of the new daemon until the test is over. */
const ENOUGH = 60

/**
 * Daemons on one socket, as authd.socket has it: it is open before the first starts and while the next one does. `next()`
 * starts one, which serves what has waited. Resolves when it is ready.
 */
async function socketOf(folder: string, daemons: number) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  // Node has no public name for the descriptor of a server.
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const env = {
    ...{ PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, HOME: folder, LISTEN_FDS: '1' },
    ...{ AUTHD_LIMITS_REQUESTS_PER_MINUTE: '1000000', AUTHD_LIMITS_MAILS_PER_HOUR: '1000000' },
  }
  // systemd sets LISTEN_PID to the pid of the program, and exec keeps the pid of this shell. Until then it holds the socket.
  const script = 'read -r go; LISTEN_PID=$$ exec "$0" "$@"'
  const words = [PROGRAM, 'serve', '--dev', '--listen', `127.0.0.1:${port}`]
  const waiting = Array.from({ length: daemons }, () =>
    spawn('/bin/sh', ['-c', script, ...words], { cwd: folder, env, stdio: ['pipe', 'pipe', 'ignore', fd] }),
  )
  onTestFinished(() => {
    for (const child of waiting) child.kill('SIGKILL')
  })
  server.close()
  await once(server, 'close')
  const rest = [...waiting]
  return {
    port,
    async next(): Promise<ChildProcess> {
      const child = rest.shift()
      if (!child) throw new Error('no daemon is left')
      let printed = ''
      child.stdout?.on('data', (part: Buffer) => {
        printed += part
      })
      child.stdin?.end('go\n')
      await until(() => expect(printed).toContain(`http://127.0.0.1:${port}`))
      return child
    },
  }
}

interface Asked {
  method: 'GET' | 'POST'
  path: string
  body?: string
}

/** The status, or why there is no answer. */
async function ask(port: number, { method, path, body }: Asked, agent: Agent): Promise<number | string> {
  const headers = { 'Content-Type': 'application/json' }
  const asked = request({ host: '127.0.0.1', port, method, path, agent, ...(body && { headers }) })
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      asked.on('response', resolve).on('error', reject).end(body)
    })
    await text(response)
    return response.statusCode ?? 'no status'
  } catch (error) {
    // A client cannot know that a kept connection is being closed, so HTTP lets it ask again (RFC 9112 §9.3.1).
    if (asked.reusedSocket && method === 'GET') return await ask(port, { method, path }, agent)
    return String(error)
  }
}

test('a new daemon takes the socket over under load, and every request is answered', async () => {
  const { folder } = await shell()
  const { port, next } = await socketOf(folder, 2)
  const first = await next()
  const answers: (number | string)[] = []
  let isOver = false
  const worker = async (number: number) => {
    const keepAlive = number % 2 === 0
    const agent = new Agent({ keepAlive, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const email = `worker${number}@example.com`
    for (let turn = 0; !isOver; turn += 1) {
      const asked: Asked =
        keepAlive || turn % 2 === 0
          ? { method: 'GET', path: '/health' }
          : { method: 'POST', path: '/v1/signin', body: JSON.stringify({ email }) }
      answers.push(await ask(port, asked, agent))
    }
  }

  const load = Promise.all(Array.from({ length: WORKERS }, (_, number) => worker(number)))
  await until(() => expect(answers.length).toBeGreaterThan(ENOUGH))
  first.kill('SIGTERM')
  const [code] = await once(first, 'exit')
  await next()
  const before = answers.length
  await until(() => expect(answers.length).toBeGreaterThan(before + ENOUGH))
  isOver = true
  await load

  expect(code).toBe(0)
  expect(answers.filter((answer) => answer !== 200 && answer !== 201)).toEqual([])
})
