import { writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { shell } from '../support/cli.ts'

/** Another program at the daemon's address, with a configuration that leads to it. */
async function instead(answer: (response: ServerResponse) => void) {
  const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  const { folder, run } = await shell({ inProcess: true })
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "authd-data"',
    `[server]\nport = ${port}`,
    '[smtp]\nhost = "127.0.0.1"\nport = 9\ntls = "none"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(join(folder, 'authd.toml'), lines.join('\n'), { mode: 0o600 })
  await run(['migrate', '-c', 'authd.toml'])
  return (...args: string[]) => run([...args, '-c', 'authd.toml'])
}

const DAEMON = { version: 'x', uptime_seconds: 1 }

test.each([
  ['an empty text', ''],
  ['nothing', null],
  ['a list', [null]],
  ['another version', { version: { a: 1 }, uptime_seconds: { x: 1 } }],
  ['a problem that is nothing', { ...DAEMON, problems: [null] }],
  ['a problem of objects', { ...DAEMON, problems: [{ what: { toString: 1 }, reason: 1, since: {} }] }],
  ['problems that are not a list', { ...DAEMON, problems: { length: 3 } }],
])('another program at the address of the daemon that answers %s is never called a bug', async (_, body) => {
  const run = await instead((response) => {
    response.setHeader('Authd-Seen', 'null')
    response.end(JSON.stringify(body))
  })

  const codes = []
  for (const args of [['status'], ['doctor', '--only', 'daemon,proxy'], ['healthcheck'], ['healthcheck', '--ready']])
    codes.push((await run(...args)).code)

  expect(codes.filter((code) => code !== null && code > 1 && code !== 69)).toEqual([])
})

test('an answer without end is cut off at a size, and not at the time limit', async () => {
  const part = 'x'.repeat(1 << 16)
  let sent = 0
  const run = await instead((response) => {
    const more = () => {
      sent += part.length
      if (response.write(part)) setImmediate(more)
      else response.once('drain', more)
    }
    more()
  })

  const { code, stderr } = await run('metrics', '--timeout', '10m')

  expect(code).toBe(69)
  expect(stderr).toContain('an answer of more than 16777216 bytes')
  expect(sent).toBeLessThan(256 * 1024 * 1024)
})
