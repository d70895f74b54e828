import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

const ASKED = ['init', '--url', 'https://auth.example.com', '--smtp-host', 'smtp.example.com', '--yes']

test('init writes the file that --config names', async () => {
  const place = await shell()
  const file = join(place.folder, 'conf/own.toml')

  const { code } = await place.run([...ASKED, '--data-dir', join(place.folder, 'data'), '--config', file])

  expect([code, existsSync(file)]).toEqual([0, true])
})

test.for([
  [...ASKED, '--config', '-'],
  [...ASKED, '--config', 'a.toml', '--dir', 'there'],
  ['service', 'print', '--config', 'a.toml'],
  ['service', 'install', '--root', 'image', '--config', 'a.toml'],
])('%j is refused, and --config is not ignored', async (args) => {
  const place = await shell()

  const { code, stderr } = await place.run(args)

  expect(code).toBe(64)
  expect(stderr).toContain('--config')
})
