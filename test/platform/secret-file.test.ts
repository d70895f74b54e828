import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemRandom } from '../../src/platform/random.ts'
import { createSecretFile, readSecretFile } from '../../src/platform/secret-file.ts'
import { fakeClock } from '../support/fakes.ts'

const random = systemRandom(fakeClock())

function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'authd-secret-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'secret')
}

test('a secret file is created once, readable by its owner only, and read back', () => {
  const path = freshPath()
  const before = readSecretFile(path)

  const made = createSecretFile(path, random)
  const again = createSecretFile(path, random)

  expect(before).toBeUndefined()
  expect(Buffer.from(made, 'base64url')).toHaveLength(32)
  expect([again, readSecretFile(path)]).toEqual([made, made])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('a secret file written by hand is used without its line end', () => {
  const path = freshPath()
  writeFileSync(path, 'an operator’s own secret of 32 bytes\n')

  expect(createSecretFile(path, random)).toBe('an operator’s own secret of 32 bytes')
})

test('SECURITY: in the folder of another user, root reads a server secret through no link, and nothing but a small file', () => {
  const path = freshPath()
  const folder = dirname(path)
  const made = createSecretFile(path, random)
  symlinkSync(path, join(folder, 'link'))
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'large'), 'a'.repeat(5000))

  expect([readSecretFile(path, true), readSecretFile(join(folder, 'link'), false)]).toEqual([made, made])
  expect(readSecretFile(join(folder, 'none'), true)).toBeUndefined()
  expect(() => readSecretFile(join(folder, 'link'), true)).toThrow('ELOOP')
  expect(() => readSecretFile(join(folder, 'sub'), true)).toThrow('is not a file')
  expect(() => readSecretFile(join(folder, 'large'), true)).toThrow('too large')
})
