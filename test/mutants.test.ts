import { existsSync, globSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { BY_HAND, changesOf } from '../tools/mutate/by-hand.ts'
import { apply, handMade, mutantsOf, nameOf, switched } from '../tools/mutate/mutants.ts'

const ROOT = join(import.meta.dirname, '..')

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

test('every mutant of a source file, and the source with all of them, is still TypeScript', () => {
  const files = globSync('src/{http/middleware,store,flows/limits}/*.ts', { cwd: ROOT, exclude: ['**/*.d.ts'] })

  const broken = files.filter((file) => {
    const source = readFileSync(join(ROOT, file), 'utf8')
    const mutants = mutantsOf(source)
    const all = [
      switched(source, mutants, 0),
      ...mutants.filter((_, n) => n % 7 === 0).map((one) => apply(source, one)),
    ]
    return all.some((text) => !isTypeScript(text))
  })

  expect(broken).toEqual([])
})

test('each explained mutant is one of its source file, and has a reason above it', () => {
  const lines = readFileSync(join(ROOT, 'tools/mutate/explained.txt'), 'utf8').trimEnd().split('\n')
  const explained = lines.filter((line) => !line.startsWith('#'))

  const outdated = explained.filter((line) => {
    const [file = '', name] = line.split(/ {2}(.*)/)
    const source = readFileSync(join(ROOT, file), 'utf8')
    return !mutantsOf(source).some((mutant) => nameOf(source, mutant) === name)
  })

  expect(outdated).toEqual([])
  expect(lines[0]).toMatch(/^#/)
})

const byHand = Object.keys(BY_HAND).flatMap((file) => changesOf(file).map((change) => ({ file, ...change })))

test.each(byHand)('the mutant by hand against "$promise" is still TypeScript', ({ file, ...change }) => {
  const source = readFileSync(join(ROOT, file), 'utf8')

  const mutant = handMade(source, change)

  expect([apply(source, mutant), switched(source, [mutant], 0)].filter((text) => !isTypeScript(text))).toEqual([])
})

test('the tests that mutants by hand name exist', () => {
  const named = new Set(Object.values(BY_HAND).flatMap(({ tests }) => tests))

  expect([...named].filter((name) => !existsSync(join(ROOT, `test/${name}.test.ts`)))).toEqual([])
})

test('one of all mutants in a source is chosen at run time', () => {
  const source = 'function both(a, b) {\n  let is = a && b\n  is ||= 1 > 2\n  return is\n}'
  const mutants = mutantsOf(source)
  const both = (text: string) => runInThisContext(`(${text})`) as (a: unknown, b: unknown) => unknown
  const answers = (text: string) => [0, 1, 2, 3].map((bits) => both(text)(bits & 1, bits & 2))
  onTestFinished(() => void Reflect.deleteProperty(globalThis, 'mutant'))

  const chosen = mutants.map((_, chosenOne) => {
    Object.assign(globalThis, { mutant: (n: number) => n === chosenOne + 5 })
    return answers(switched(source, mutants, 5))
  })

  expect(chosen).toEqual(mutants.map((mutant) => answers(apply(source, mutant))))
})

function isTypeScript(text: string): boolean {
  try {
    return stripTypeScriptTypes(text) !== ''
  } catch {
    return false
  }
}
