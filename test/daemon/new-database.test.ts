import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, shell } from '../support/cli.ts'

const WARNING = /"message":"made a new database without users: [^"]+","database":"[^"]+\/data\/authd\.db"/g

test('a start that finds no database says once where it made one', async () => {
  const place = await shell({ data: false })
  const port = await freePort()
  const path = join(place.folder, 'authd.toml')
  const lines = [
    `public_url = "http://localhost:${port}"`,
    'data_dir = "data"',
    `[server]\nport = ${port}`,
    '[smtp]\nhost = "127.0.0.1"',
    '[mail]\nfrom = "no-reply@example.com"',
  ]
  await writeFile(path, lines.join('\n'), { mode: 0o600 })

  const missing = await place.run(['users', 'list', '--config', path])
  const first = await place.serve(['--config', path])
  first.kill('SIGTERM')
  await first.exit
  const second = await place.serve(['--config', path])

  expect([missing.code, missing.stderr]).toEqual([69, expect.stringContaining('If there was one, restore a backup.')])
  expect(first.printed().match(WARNING)).toHaveLength(1)
  expect(second.printed()).not.toMatch(WARNING)
})
