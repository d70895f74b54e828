import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { freePort, type Shell, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'

/** A configuration of its own for each daemon; database, data and secret are shared. */
async function configure(place: Shell, port: number, url: string): Promise<string> {
  const path = join(place.folder, `${port}.toml`)
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    `[database]\nurl = "${url}"`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(path, lines.join('\n'))
  return path
}

test('of two daemons on one PostgreSQL both are seen by authd top, and one that stops is gone at once', async () => {
  const place = await shell({ data: false })
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const one = await configure(place, await freePort(), url)
  const two = await configure(place, await freePort(), url)
  const nodes = async () => JSON.parse((await place.run(['top', '--config', one, '--json'])).stdout).nodes
  await place.run(['migrate', 'up', '--no-backup', '--config', one])
  await place.serve(['--config', one])
  const second = await place.serve(['--config', two])

  await vi.waitFor(async () => expect(await nodes()).toBe(2), { timeout: 20_000, interval: 200 })
  second.kill('SIGTERM')
  await second.exit

  expect(await nodes()).toBe(1)
})
