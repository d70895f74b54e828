import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const PROMISE = /^\*\*T(\d+)\. (.+)\*\*\n(.+)\n\n((?:- .+\n)+)/gm
const REFERENCE = /^- `(test\/[^`]+)`: (.+)$/gm

interface Promised {
  number: number
  how: string
  shownBy: { file: string; title: string }[]
}

function promisesIn(text: string): Promised[] {
  return [...text.matchAll(PROMISE)].map(([, number, , how = '', list = '']) => ({
    number: Number(number),
    how,
    shownBy: [...list.matchAll(REFERENCE)].map(([, file = '', title = '']) => ({ file, title })),
  }))
}

/** The string before the function of a test or a group, as the source has it. */
const TITLE = /\(\s*(['"`])((?:\\.|(?!\1)[^\\\n])*)\1,\s*(?:\{[^\n]*\},\s*)?(?:async\b|\(|\w+\))/

/** A title as the document writes it: no database, and `…` for what differs between the cases. */
function shown(title: string): string {
  return title
    .replace(/ \((?:%[sij]|\$\w+)\)/g, '')
    .replace(/,? on (?:%s|\$database)\b/, '')
    .replace(/%[sij]|\$\{[^}]*\}|\$\w+/g, '…')
}

/** Each test by its title, and again after that of its group, so that each can be a sentence. */
function titlesIn(source: string): { titles: Set<string>; unread: string[] } {
  const titles = new Set<string>()
  const unread: string[] = []
  let group: string | undefined
  for (const part of source.split(/^(?= *(?:describe|test)\b)/m)) {
    const title = TITLE.exec(part)?.[2]
    const isGroup = part.startsWith('describe')
    if (isGroup || part.startsWith('test')) group = isGroup ? title : undefined
    if (!/^ *test\b/.test(part)) continue
    if (title === undefined) unread.push(part.slice(0, 80))
    else for (const sentence of sentencesOf(shown(group ?? ''), shown(title))) titles.add(sentence)
  }
  return { titles, unread }
}

function sentencesOf(group: string, title: string): string[] {
  const plain = title.replace(/^SECURITY: /, '')
  const mark = plain === title || group.startsWith('SECURITY: ') ? '' : 'SECURITY: '
  return [title, ...(group === '' ? [] : [' ', ': ', ' › '].map((joint) => mark + group + joint + plain))]
}

/** Second parts of names that do not name an attack. */
const HARMLESS = ['examples', 'network', 'pagination', 'story']
/** Words that do, in the path of a file whose name has one part. */
const ATTACK = /\b(?:another-user|cross-site|enumeration|ends|fuzz|hostile|limit|lockdown|model|parked|proof)\b/

/** A test of an attack has its name (`magic-link.replay`), or a title that begins with SECURITY. */
function isAboutAnAttack(file: string, source: string): boolean {
  const [, attack] = basename(file, '.test.ts').split('.')
  if (/(['"`])SECURITY: /.test(source)) return true
  return attack === undefined ? ATTACK.test(file) : !HARMLESS.includes(attack)
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
const text = read('docs/threat-model.md')
const promises = promisesIn(text)
const OWN = 'test/docs/threat-model.test.ts'
const files = globSync('test/**/*.test.ts', { cwd: ROOT, exclude: ['**/node_modules/**'] }).filter(
  (file) => file !== OWN,
)

/** What is wrong with the document. */
function faultsOf(promised: Promised[], sources: Map<string, string>): string[] {
  const references = promised.flatMap(({ number, shownBy }) => shownBy.map((shown) => ({ number, ...shown })))
  const referenced = new Set(references.map(({ file }) => file))
  return [
    ...promised
      .map(({ number }) => number)
      .sort((a, b) => a - b)
      .flatMap((number, index) => (number === index + 1 ? [] : [`T${number} stands where T${index + 1} is expected`])),
    ...promised.filter(({ shownBy }) => shownBy.length === 0).map(({ number }) => `T${number} has no test`),
    ...references
      .filter(({ file, title }) => !titlesIn(sources.get(file) ?? '').titles.has(title))
      .map(({ number, file, title }) => `T${number}: ${file} has no test "${title}"`),
    ...[...sources]
      .filter(([file, source]) => isAboutAnAttack(file, source) && !referenced.has(file))
      .map(([file]) => `${file} shows no promise`),
  ]
}

describe('the threat model', () => {
  const sources = new Map(files.map((file) => [file, read(file)]))

  test('has promises T1, T2 and so on, names tests that exist, and names each test of an attack', () => {
    expect(faultsOf(promises, sources)).toEqual([])
  })

  test('has no promise or test that this check cannot read', () => {
    expect(promises.length).toBe(text.match(/^\*\*T\d/gm)?.length)
    expect(promises.flatMap(({ shownBy }) => shownBy).length).toBe(text.match(/^- `test/gm)?.length)
    expect([...sources].flatMap(([file, source]) => titlesIn(source).unread.map((part) => `${file}: ${part}`))).toEqual(
      [],
    )
  })

  test('names for each promise a file of the program that exists', () => {
    const placesIn = (how: string) => [...how.matchAll(/`(src\/[^`]+)`/g)].map(([, place = '']) => place)
    const lost = promises.filter(({ how }) => {
      const places = placesIn(how)
      return places.length === 0 || places.some((place) => !existsSync(join(ROOT, place)))
    })

    expect(lost).toEqual([])
  })
})

describe('the check of the threat model', () => {
  const source = [
    "test('a link works once', () => {})",
    "test.each([\n  ['x'],\n])('a %s is rejected', async () => {})",
    "describe.each(['sqlite'] as const)('a code on %s', (database) => {",
    "  test('works once', () => {})",
    '})',
  ].join('\n')
  const sources = new Map([['test/http/link.replay.test.ts', source]])
  const promiseOf = (title: string, number = 1, file = 'test/http/link.replay.test.ts') =>
    promisesIn(`**T${number}. A link works once.**\nBy \`src/daemon.ts\`.\n\n- \`${file}\`: ${title}\n`)

  test.each(['a link works once', 'a … is rejected', 'a code works once', 'a code: works once'])(
    'finds the test "%s"',
    (title) => {
      expect(faultsOf(promiseOf(title), sources)).toEqual([])
    },
  )

  test.each(['a link works', 'a %s is rejected', 'a code', 'a code › a link works once', 'x'])(
    'finds that "%s" is not the title of a test',
    (title) => {
      expect(faultsOf(promiseOf(title), sources).length).toBe(1)
    },
  )

  test('finds a number that is missing or used twice', () => {
    const title = 'a link works once'

    expect(faultsOf(promiseOf(title, 2), sources)).toEqual(['T2 stands where T1 is expected'])
    expect(faultsOf([...promiseOf(title), ...promiseOf(title)], sources)).toEqual(['T1 stands where T2 is expected'])
  })

  test('finds a reference to a file that does not exist', () => {
    expect(faultsOf(promiseOf('a link works once', 1, 'test/http/gone.test.ts'), sources)).toEqual([
      'T1: test/http/gone.test.ts has no test "a link works once"',
      'test/http/link.replay.test.ts shows no promise',
    ])
  })

  test.each([
    ['test/http/cookie.stolen.test.ts', "test('x', () => {})", true],
    ['test/http/lockdown.test.ts', "test('x', () => {})", true],
    ['test/cli/hostile-text.test.ts', "test('x', () => {})", true],
    ['test/model/session.test.ts', "test('x', () => {})", true],
    ['test/http/cookie.test.ts', "test('SECURITY: x', () => {})", true],
    ['test/http/cookie.test.ts', "test('x', () => {})", false],
    ['test/pages/account.story.test.ts', "test('x', () => {})", false],
  ])('says whether %s with %s must be named: %s', (file, content, mustBe) => {
    expect(faultsOf([], new Map([[file, content]]))).toEqual(mustBe ? [`${file} shows no promise`] : [])
  })
})
