import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('config show prints a configuration that is valid and says the same', async () => {
  const place = await shell()
  const config = join(place.folder, 'config.toml')
  await writeFile(
    config,
    'public_url = "https://auth.example.com"\n[smtp]\nhost = "mail.example.com"\n[mail]\nfrom = "a@example.com"\n',
  )

  const shown = await place.run(['config', 'show', '-c', config])
  const copy = join(place.folder, 'copy.toml')
  await writeFile(copy, shown.stdout)
  const checked = await place.run(['config', 'check', '-c', copy])
  const again = await place.run(['config', 'show', '-c', copy])

  expect(shown.stdout.split('\n').length).toBeGreaterThan(20)
  expect([checked.code, checked.stderr]).toEqual([0, ''])
  expect(again.stdout).toBe(shown.stdout)
})

test('config reference prints each key on lines of its own', async () => {
  const place = await shell()

  const all = await place.run(['config', 'reference'])
  const one = await place.run(['config', 'reference', 'signin.ttl'])

  expect(all.stdout).toMatch(/^signin\.ttl\n {2}/m)
  expect(all.stdout).toContain(one.stdout.trimEnd())
})

test('init says what it wrote and what it kept', async () => {
  const place = await shell()
  const args = ['init', '--url', 'https://auth.example.com', '--yes', '--data-dir', join(place.folder, 'data')]
  const dir = ['--dir', join(place.folder, 'etc')]

  const first = await place.run([...args, ...dir])
  const secret = await readFile(join(place.folder, 'data/secret'), 'utf8')
  const refused = await place.run([...args, ...dir])
  const second = await place.run([...args, ...dir, '--force'])

  expect(first.stdout.match(/^written/gm)).toHaveLength(3)
  expect(first.stderr).not.toMatch(/info|database migrated/)
  expect([refused.code, refused.stderr]).toEqual([73, expect.stringContaining('--force replaces it')])
  expect([second.stdout.match(/^written/gm), second.stdout.match(/^kept/gm)]).toMatchObject([
    { length: 1 },
    { length: 2 },
  ])
  expect(await readFile(join(place.folder, 'data/secret'), 'utf8')).toBe(secret)
})

test.each([
  ['http://localhost:4391', { 'server.port': 4391, 'server.host': '127.0.0.1' }],
  ['http://[::1]:4391', { 'server.port': 4391, 'server.host': '::1' }],
  ['http://auth.localhost', { 'server.port': 80 }],
  ['https://auth.example.com:8443', { 'server.port': 3000 }],
])('init for %s listens where that address leads', async (url, expected) => {
  const place = await shell({ data: false })
  const folders = ['--dir', 'etc', '--data-dir', join(place.folder, 'data')]

  const { code } = await place.run(['init', '--url', url, '--yes', ...folders])
  const shown = await place.run(['config', 'show', '--json', '-c', 'etc/config.toml'])

  const { server } = JSON.parse(shown.stdout)
  expect(code).toBe(0)
  for (const [key, value] of Object.entries(expected)) expect(server[key.replace('server.', '')]).toBe(value)
})

test('the reason of a suggested command must be written, not pasted', async () => {
  const place = await shell()
  await place.run(['migrate'])

  const asked = await place.run(['ipfilter', 'add', '203.0.113.88'])
  const pasted = await place.run(['ipfilter', 'add', '203.0.113.88', '--reason=…'])

  expect(asked.stderr).toContain("--reason='…'")
  expect([pasted.code, pasted.stderr]).toEqual([64, expect.stringContaining('Write a text in place of the dots.')])
})
