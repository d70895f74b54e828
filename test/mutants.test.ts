import { globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apply, mutantsOf, traced } from '../tools/mutate/mutants.ts'

const changed = (source: string) => mutantsOf(source).map((mutant) => apply(source, mutant))

test.each([
  ['if (a && b) end()', ['if (false) end()', 'if (true) end()', 'if (a) end()', 'if (b) end()', 'if (a && b) ;']],
  ['x = a < b', [';', 'x = a <= b']],
  ['x = a ?? 2', [';', 'x = a', 'x = 2', 'x = a ?? 3', 'x = a ?? 1', 'x = a ?? 0']],
  ['function f() { g() }', ['function f() { return; g() }', 'function f() { ; }']],
  ['f({ a, b })', [';', 'f(({ b }))', 'f(({ a }))']],
  [
    "f('SELECT 1 FROM t WHERE a = ? AND b IN (?, ?) LIMIT 1')",
    [
      ';',
      "f('SELECT 1 FROM t WHERE (a = ? OR 1 = 1) AND b IN (?, ?) LIMIT 1')",
      "f('SELECT 1 FROM t WHERE a = ? AND (b IN (?, ?) OR 1 = 1) LIMIT 1')",
    ],
  ],
  ["import { a } from 'x'; type T = 1 | 2", []],
])('the mutants of %s', (source, expected) => {
  expect(changed(source).toSorted()).toEqual(expected.toSorted())
})

test('every mutant of a source file, and its traced form, is still TypeScript', () => {
  const root = join(import.meta.dirname, '..')
  const files = globSync('src/{http/middleware,store,flows/limits}/*.ts', { cwd: root, exclude: ['**/*.d.ts'] })

  const broken = files.filter((file) => {
    const source = readFileSync(join(root, file), 'utf8')
    const mutants = mutantsOf(source)
    const all = [traced(source, mutants, 0), ...mutants.filter((_, n) => n % 7 === 0).map((one) => apply(source, one))]
    return all.some((text) => !isTypeScript(text))
  })

  expect(broken).toEqual([])
})

function isTypeScript(text: string): boolean {
  try {
    return stripTypeScriptTypes(text) !== ''
  } catch {
    return false
  }
}
