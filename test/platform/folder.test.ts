import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from '../../src/platform/folder.ts'
import { TEMPORARY } from '../support/temporary.ts'

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(TEMPORARY, 'authd-folder-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

test('a folder is made with those above it, and an existing one stays as it is', async () => {
  const folder = await temporary()
  await mkdir(join(folder, 'a'), { mode: 0o755 })

  makeFolder(join(folder, 'a/b/c'), 0o700)
  makeFolder(join(folder, 'a'), 0o700)

  const modes = await Promise.all(
    ['a', 'a/b', 'a/b/c'].map(async (name) => (await stat(join(folder, name))).mode & 0o777),
  )
  expect(modes).toEqual([0o755, 0o700, 0o700])
})

test('a folder behind a link to a folder is made there', async () => {
  const folder = await temporary()
  await mkdir(join(folder, 'real'))
  await symlink('real', join(folder, 'link'))

  makeFolder(join(folder, 'link/below'))

  expect((await stat(join(folder, 'real/below'))).isDirectory()).toBe(true)
})

test('a file or a dangling link in the way is an error', async () => {
  const folder = await temporary()
  await writeFile(join(folder, 'file'), '')
  await symlink('nowhere', join(folder, 'link'))

  expect(() => makeFolder(join(folder, 'file/below'))).toThrow('EEXIST')
  expect(() => makeFolder(join(folder, 'link/below'))).toThrow('EEXIST')
})

test('a file system that takes no folders is an error, and not endless work', () => {
  expect(() => makeFolder('/proc/authd/below')).toThrow(/ENOENT|EROFS|EACCES/)
})
