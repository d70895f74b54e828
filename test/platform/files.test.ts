import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createFile, openNewFile, replaceFile } from '../../src/platform/files.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'authd-files-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

function withLink(place: string) {
  const [victim, link] = [join(place, 'victim'), join(place, 'link')]
  writeFileSync(victim, 'theirs')
  symlinkSync(victim, link)
  return { victim, link }
}

test('a created file has its whole text and mode, and the second maker is told that it is there', () => {
  const place = folder()
  const path = join(place, 'new')

  const made = [createFile(path, 'first', { mode: 0o640 }), createFile(path, 'second', { mode: 0o600 })]

  expect(made).toEqual([true, false])
  expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['first', 0o640])
  expect(readdirSync(place)).toEqual(['new'])
})

test('SECURITY: a symbolic link in the place of a file is never followed', () => {
  const place = folder()
  const { victim, link } = withLink(place)

  const made = createFile(link, 'ours', { mode: 0o600 })
  expect(() => openNewFile(link)).toThrow('EEXIST')
  replaceFile(link, 'ours', { mode: 0o600 })

  expect(made).toBe(false)
  expect(readFileSync(victim, 'utf8')).toBe('theirs')
  expect([lstatSync(link).isFile(), readFileSync(link, 'utf8')]).toEqual([true, 'ours'])
})

test('a file that cannot be replaced keeps its text, and no draft is left', () => {
  const place = folder()
  const path = join(place, 'folder')
  createFile(join(place, 'kept'), 'old', { mode: 0o600 })

  expect(() => replaceFile(join(path, 'missing'), 'new', { mode: 0o600 })).toThrow('ENOENT')
  expect(() => replaceFile(join(place, 'kept'), 'new', { mode: 0o600, gid: -2 })).toThrow()

  expect(readFileSync(join(place, 'kept'), 'utf8')).toBe('old')
  expect(readdirSync(place)).toEqual(['kept'])
})
