import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULTS } from '../torture/faults/all.ts'

test('docs/reliability.md lists every fault of npm run torture', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/reliability.md'), 'utf8')

  expect(FAULTS.map(({ name }) => name).filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})
