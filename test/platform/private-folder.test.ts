import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { withDraft } from '../../src/platform/files.ts'
import { abandonedIn, inPrivateFolder, removeAbandoned } from '../../src/platform/private-folder.ts'
import { leavePrivateFolder, livingPrivateFolder } from '../support/left-folder.ts'

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'authd-private-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('the private folder of a process that lives is not abandoned, and is gone after its work', async () => {
  const parent = place()

  const meanwhile = await inPrivateFolder(parent, '.authd-backup-', async (folder) => {
    writeFileSync(join(folder, 'copy'), 'plain')
    return { found: abandonedIn(parent), removed: removeAbandoned(parent), names: readdirSync(folder).sort() }
  })

  expect(meanwhile).toEqual({ found: [], removed: [], names: ['copy', 'held'] })
  expect(readdirSync(parent)).toEqual([])
})

test('the private folder of a process that was killed is abandoned, and is deleted with all that is in it', async () => {
  const parent = place()
  const left = await leavePrivateFolder(parent, '.authd-backup-')

  const found = abandonedIn(parent)
  const removed = removeAbandoned(parent)

  expect([found, removed]).toEqual([[left], [left]])
  expect(readdirSync(parent)).toEqual([])
})

test('the private folder of another process that lives is not abandoned', async () => {
  const parent = place()
  const { child, folder } = await livingPrivateFolder(parent)

  const found = abandonedIn(parent)
  child.kill('SIGKILL')

  expect(found).toEqual([])
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('folders that are not private ones of authd are never abandoned', () => {
  const parent = place()
  for (const name of ['.git-abcdef', 'authd-abcdef', '.authd-backup-abcdef']) mkdirSync(join(parent, name))
  writeFileSync(join(parent, 'authd-abcdef', 'held'), '')
  writeFileSync(join(parent, 'other'), '')
  symlinkSync(join(parent, 'other'), join(parent, '.authd-backup-abcdef', 'held'))

  expect(removeAbandoned(parent)).toEqual([])
  expect(removeAbandoned(join(parent, 'missing'))).toEqual([])
})

test('SECURITY: a draft is for its owner only, whatever fills it', async () => {
  const parent = place()

  const mode = await withDraft(parent, '.authd-backup-', async (draft) => {
    writeFileSync(draft, 'plain', { mode: 0o644 })
    return statSync(draft).mode & 0o777
  })

  expect(mode).toBe(0o600)
})
