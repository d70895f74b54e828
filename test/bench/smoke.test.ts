import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { UNITS } from './units.ts'

test('the benchmark prints a line for each unit', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), '--smoke'])

  expect(stdout).toMatch(/^drain mails: 20 in /m)
  for (const { name } of UNITS) expect(stdout).toMatch(new RegExp(`^${name} +2 +[1-9]`, 'm'))
})
