import { execFile, spawn as spawnChild } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { PROGRAM, shell } from '../support/cli.ts'

test.each(Object.keys(COMMANDS))('the program shows the help of authd %s', async (id) => {
  const { spawn } = await shell()

  const { code, stdout, stderr } = await spawn([...id.split(' '), '--help'])

  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`Usage: authd ${id}`)
})

test('a port that is in use is named, with exit code 69', async () => {
  const place = await shell()
  const { url } = await place.serve(['--dev'])
  const listen = url.replace('http://', '')

  const { code, stderr } = await place.run(['serve', '--dev', '--listen', listen])

  expect(code).toBe(69)
  expect(stderr).toContain(`${listen} is in use`)
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

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends a command with exit code %i', async (signal, expected) => {
  const place = await shell()
  await place.run(['migrate'])
  await place.run(['users', 'add', 'ada@example.com'])
  const env = { PATH: process.env['PATH'] ?? '', HOME: place.folder }
  const child = spawnChild(PROGRAM, ['audit', 'tail', '-f'], { cwd: place.folder, env, stdio: 'pipe' })
  await once(child.stdout, 'data')

  child.kill(signal)
  const [code] = await once(child, 'close')

  expect(code).toBe(expected)
})

test('a closed pipe ends a command without an error', async () => {
  const { run, folder } = await shell()
  await run(['migrate'])

  const { stdout, stderr } = await promisify(execFile)(
    'sh',
    ['-c', `"${PROGRAM}" config reference | head -1; echo done`],
    {
      cwd: folder,
    },
  )

  expect(stdout).toMatch(/done\n$/)
  expect(stderr).toBe('')
})

test('a deleted working folder is an error with a suggestion, not a bug report', async () => {
  const script = 'mkdir gone && cd gone && rmdir ../gone && "$0" users list 2>&1; echo $?'
  const { folder } = await shell()

  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, PROGRAM], { cwd: folder })

  expect(stdout).toMatch(/authd: The current folder was deleted\.\nTry: cd \/\n66\n$/)
})

test('names come through a pipe that is silent at first', async () => {
  const { folder, run } = await shell()
  await run(['migrate'])
  const env = { PATH: process.env['PATH'], HOME: folder }
  // The first command takes as long to start as the second, which reads a silent pipe meanwhile.
  const script = '{ "$0" users list; echo bob@example.com; } | "$0" users add - --json'

  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, PROGRAM], { cwd: folder, env })

  expect(JSON.parse(stdout)).toMatchObject({ data: [{ email: 'bob@example.com', changed: true }], total: 1 })
})
