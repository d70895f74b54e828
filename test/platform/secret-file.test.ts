import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
