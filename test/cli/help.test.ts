import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { TOPICS } from '../../src/cli/manual/topics.ts'
import { shell } from '../support/cli.ts'

const IDS = Object.keys(COMMANDS)
const TOPIC_NAMES = [...new Set(IDS.filter((id) => id.includes(' ')).map((id) => id.split(' ')[0] ?? ''))]
const LINES = [
  ['--help'],
  ...Object.keys(TOPICS).map((topic) => ['help', topic]),
  ...TOPIC_NAMES.map((topic) => ['help', topic]),
  ...IDS.map((id) => [...id.split(' '), '--help']),
]

test.each(LINES.map((line) => [line.join(' '), line] as const))('%s fits in 80 columns', async (_, line) => {
  const { run } = await shell({ data: false })

  const { code, stdout } = await run(line)

  expect([code, stdout.split('\n').filter((text) => text.length > 80)]).toEqual([0, []])
})

test.each([
  ['-c authd.toml help', 'authd --help'],
  ['-c authd.toml help users list', 'authd users list --help'],
  ['--json help users', 'authd help users'],
  ['help users list', 'authd users list --help'],
])('authd %s prints what %s prints', async (line, same) => {
  const { run } = await shell({ data: false })

  const one = await run(line.split(' '))
  const other = await run(same.split(' ').slice(1))

  expect(one).toEqual(other)
})

test.each([
  ['users recover ada@example.com', "--reason='…'"],
  ['users export --format csv', 'users export --format csv --all'],
])('the suggestion for "%s" gives a value only to a flag that takes one', async (line, expected) => {
  const { run } = await shell()

  const { code, stderr } = await run(line.split(' '))

  expect([code, stderr]).toEqual([64, expect.stringContaining(expected)])
  expect(stderr).not.toContain('--all=')
})

test('--yes does not confirm what is asked by name, and its help says so', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com'])

  const refused = await run(['users', 'delete', 'ada@example.com', '--yes'])
  const help = await run(['users', 'delete', '--help'])

  expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('--yes does not answer it.')])
  expect(help.stdout.replace(/\s+/g, ' ')).toContain(
    'Answer y/N questions with yes. What asks for a name needs --confirm.',
  )
})

test('a list that ends early says how many it shows, also if nobody knows of how many', async () => {
  const { run } = await shell()
  await run(['migrate'])
  for (const name of ['ada', 'bob', 'eve']) await run(['users', 'add', `${name}@example.com`])

  const { stderr } = await run(['audit', 'list', '--limit', '2'])

  expect(stderr).toMatch(/^Showing 2\. More: --cursor \S+, or --all\n$/)
})
