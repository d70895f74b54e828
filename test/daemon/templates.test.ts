import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

/** Writes a file into the data folder of development mode, where authd looks for overrides. */
function own(folder: string, path: string, text: string): string {
  const file = join(folder, 'authd-data', path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
  return file
}

const GOOD = '{"signin.heading": "Welcome to {app}"}'

test('a bad template prevents the start with 78 and its line, before the database is opened', async () => {
  const { folder, run } = await shell()
  const file = own(folder, 'templates/test.txt', 'Hello\n{{nobody}}\n')

  const { code, stderr } = await run(['serve', '--dev'])

  expect(code).toBe(78)
  expect(stderr).toContain(`${file}:2  this mail has no {{nobody}}`)
  expect((await run(['migrate', 'status'])).stderr).toContain('No database at')
})

test('a reload uses new sentences; a bad one keeps the old ones and is logged', async () => {
  const { folder, serve } = await shell()
  const daemon = await serve(['--dev'])
  const heading = async () =>
    /<h1[^>]*>([^<]*)</
      .exec(await (await fetch(`${daemon.url.replace('127.0.0.1', 'localhost')}/signin`)).text())?.[1]
      ?.trim()
  const first = await heading()

  const file = own(folder, 'locales/en.json', GOOD)
  daemon.kill('SIGHUP')
  await daemon.until('configuration reloaded')
  const second = await heading()
  own(folder, 'locales/en.json', '{"signin.headng": "Lost"}')
  daemon.kill('SIGHUP')
  await daemon.until('configuration not reloaded')

  expect([first, second, await heading()]).toEqual(['Sign in to authd', 'Welcome to authd', 'Welcome to authd'])
  expect(daemon.printed()).toContain(`${file}:1  unknown text`)
})
