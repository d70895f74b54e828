import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/platform/clock.ts'
import { inspectSeparately } from '../../src/startup/separate-inspection.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { TEMPORARY } from '../support/temporary.ts'

async function migrated(): Promise<string> {
  const folder = mkdtempSync(join(TEMPORARY, 'authd-inspection-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'authd.db')
  const db = await openDatabase({ path, busyTimeoutMs: 25, poolSize: 1, jitter: () => 0 })
  await migrate(db, systemClock.now())
  await db.close()
  return path
}

test('a copy is read in a separate process, which says what is in it', async () => {
  const path = await migrated()

  const { schema, rows, unknown, entry } = await inspectSeparately(path, 'secret_check')

  expect({ schema, unknown, entry, users: rows['users'] }).toEqual({
    ...{ schema: expect.stringMatching(/^\d{4}_/), unknown: [], entry: null, users: 0 },
  })
})

test.each([
  ["process.kill(process.pid, 'SIGSEGV')", 'SIGSEGV'],
  ["process.kill(process.pid, 'SIGKILL')", 'SIGKILL'],
  ['process.exit(7)', '7'],
])('a copy that ends its reader is a bad copy, and not the end of the command: %s', async (script, ending) => {
  const path = await migrated()

  const inspected = inspectSeparately(path, 'secret_check', ['--eval', script])

  await expect(inspected).rejects.toMatchObject({ reason: `the process that read it ended with ${ending}` })
})
