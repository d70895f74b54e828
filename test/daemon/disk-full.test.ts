import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { until } from '../support/until.ts'

/** A daemon whose files can be kept from growing, as on a full disk. */
async function daemonOnSmallDisk() {
  const place = await shell()
  const daemon = await place.serve(['--dev'])
  const limit = (bytes: number | 'unlimited') =>
    promisify(execFile)('prlimit', ['--pid', String(daemon.pid), `--fsize=${bytes}:`])
  const wal = join(place.folder, 'authd-data/authd.db-wal')
  const fill = async () => limit((await stat(wal)).size)
  return { place, daemon, url: daemon.url, fill, free: () => limit('unlimited') }
}

const post = (url: string) =>
  fetch(`${url}/v1/signin`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.com' }),
  })

test('while nothing can be written, every door says why and since when, and all is well once there is room', async () => {
  const { place, daemon, url, fill, free } = await daemonOnSmallDisk()
  const before = await fetch(`${url}/readiness`)
  await fill()

  await until(async () => expect((await post(url)).status).toBe(503))
  const during = await fetch(`${url}/readiness`)
  const { problems } = (await during.json()) as { problems: { what: string; reason: string; since: string }[] }
  const status = await place.run(['status', '--url', url])
  const probe = await place.run(['healthcheck', '--ready', '--url', url])
  await free()
  const after = await until(async () => {
    const response = await fetch(`${url}/readiness`)
    expect(response.status).toBe(200)
    return (await response.json()) as { problems: unknown[] }
  })

  expect([before.status, during.status]).toEqual([200, 503])
  expect(problems).toMatchObject([{ what: 'database', reason: expect.stringMatching(/^the disk /) }])
  const line = `database since ${problems[0]?.since}: ${problems[0]?.reason}`
  expect([status.stdout.includes(line), probe.stdout.includes(line), probe.code]).toEqual([true, true, 1])
  expect(status.code).toBe(69)
  expect(after.problems).toEqual([])
  expect((await post(url)).status).toBe(201)
  expect(daemon.printed()).toMatch(/trouble began .*authd-data has \d+ MiB free/)
  expect(daemon.printed().match(/trouble began/g)).toHaveLength(1)
})
