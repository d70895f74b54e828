import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

test('a port that is in use is named, with exit code 69', async () => {
  const place = await shell()
  const { url } = await place.serve(['--dev'])
  const listen = url.replace('http://', '')

  const { code, stderr } = await place.run(['serve', '--dev', '--listen', listen])

  expect(code).toBe(69)
  expect(stderr).toContain(`${listen} is in use`)
})

test('an unknown field is rejected, and the known ones are named', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const { code, stderr } = await run(['users', 'list', '--fields', 'id,emial'])

  expect(code).toBe(64)
  expect(stderr).toContain('unknown field "emial". Available: id,email,')
})

test('a command waits --timeout for a busy database and then exits with 75', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'list'])
  const { DatabaseSync } = await import('node:sqlite')
  const holder = new DatabaseSync(join(place.folder, 'authd-data/authd.db'))
  holder.exec('BEGIN IMMEDIATE')

  const { code, stderr } = await place.run(['users', 'add', 'ada@example.com', '--timeout', '200ms'])
  holder.exec('ROLLBACK')
  holder.close()

  expect({ code, stderr }).toEqual({ code: 75, stderr: 'authd: The database is busy. Try again in a moment.\n' })
})

test('as root, a command switches to the owner of the data folder, who owns every new file', async () => {
  const place = await shell()
  const uid = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0)
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', `${uid}:65534`, place.folder])

  const { code } = await place.spawn(['migrate'])
  await place.spawn(['users', 'add', 'ada@example.com'])
  const names = await readdir(join(place.folder, 'authd-data'))
  const owners = await Promise.all(names.map(async (name) => (await stat(join(place.folder, 'authd-data', name))).uid))

  expect(code).toBe(0)
  expect(names).toContain('secret')
  expect(new Set(owners)).toEqual(new Set([uid]))
})

test('as root, a command reads the files that it names before it becomes the owner of the data folder', async () => {
  const place = await shell()
  const { folder } = await shell()
  await promisify(execFile)('chmod', ['700', folder])
  if (process.getuid?.() === 0) await promisify(execFile)('chown', ['-R', '65534:65534', place.folder])
  await writeFile(join(folder, 'rules'), '203.0.113.0/24 # stuffing\n')
  await place.spawn(['migrate'])

  const imported = await place.spawn(['ipfilter', 'import', join(folder, 'rules')])
  const exported = await place.spawn(['audit', 'export', '-o', join(folder, 'events')])

  expect(imported).toMatchObject({ code: 0, stdout: 'Wrote 1 rule; ended 0 live sessions.\n' })
  expect(exported).toMatchObject({ code: 0, stderr: `Exported 2 events to ${join(folder, 'events')}.\n` })
})

test('Ctrl-C ends a command with exit code 130', async () => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const program = process.env['AUTHD_BIN'] ?? join(import.meta.dirname, '../../bin/authd.js')
  const env = { PATH: process.env['PATH'] ?? '', HOME: place.folder }
  const child = spawn(program, ['audit', 'tail', '-f'], { cwd: place.folder, env, stdio: 'pipe' })
  await once(child.stdout, 'data')

  child.kill('SIGINT')
  const [code] = await once(child, 'close')

  expect(code).toBe(130)
})
