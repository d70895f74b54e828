import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, type Shell, shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { until } from '../support/until.ts'

/** Each daemon has its own configuration; they share database, data folder and secret. */
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

test('authd top shows two daemons on one PostgreSQL, and one that stops disappears immediately', async () => {
  const place = await shell({ data: false })
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const one = await configure(place, await freePort(), url)
  const two = await configure(place, await freePort(), url)
  const nodes = async () => JSON.parse((await place.run(['top', '--config', one, '--json'])).stdout).nodes
  await place.run(['migrate', 'up', '--no-backup', '--config', one])
  await place.serve(['--config', one])
  const second = await place.serve(['--config', two])

  await until(async () => expect(await nodes()).toBe(2))
  second.kill('SIGTERM')
  await second.exit

  expect(await nodes()).toBe(1)
})
