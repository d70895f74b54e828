import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'

const MODULE = join(import.meta.dirname, '../../src/platform/unfinished-file.ts')

/** Runs a program that makes a file, and waits until nobody writes to its output: neither the program nor its child. */
async function fileAfter(end: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'authd-unfinished-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, '-rf $HOME')
  const program = `
    import { writeFileSync } from 'node:fs'
    import { deleteUnlessFinished } from ${JSON.stringify(MODULE)}
    const file = ${JSON.stringify(file)}
    writeFileSync(file, 'a part')
    const finish = deleteUnlessFinished(file)
    ${end}
  `
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]).catch(() => undefined)
  return existsSync(file)
}

test.each([
  ['process.exit(130)', false],
  ["process.kill(process.pid, 'SIGKILL')", false],
  ['throw new Error()', false],
  ['', false],
  ['finish()', true],
  ['finish(); process.exit(0)', true],
])('after %j, a file that was not finished is gone', async (end, isThere) => {
  expect(await fileAfter(end)).toBe(isThere)
})
