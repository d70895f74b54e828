import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { shell } from '../support/cli.ts'

/** Commands with one argument that changes or shows one thing, and why they take only one. */
const ONE = {
  'a file, or a choice of a few words': [
    'completion',
    'man',
    'config check',
    'ipfilter import',
    'users import',
    'lockdown',
    'metrics',
  ],
  'a key of the configuration': ['config reference', 'templates sentences'],
  'one mail': ['email preview'],
  'a list of its own': ['passkeys list', 'ratelimit show', 'webhooks deliveries'],
  'one link, secret, mail or file as its result': [
    ...['users recover', 'users export', 'webhooks add', 'webhooks rotate-secret', 'webhooks test', 'email test'],
  ],
  'one backup, which takes minutes and replaces the database': ['backup restore', 'backup verify'],
}

/** Flags without which the command would be refused. */
const NEEDED: Record<string, string[]> = { 'ipfilter add': ['--reason', 'test'], 'webhooks update': ['--pause'] }

/** Anything can be a key of a limit, so no name is unknown. */
const TAKES_ANY = ['ratelimit reset']

const commands = await Promise.all(
  Object.entries(COMMANDS).map(async ([id, { load }]) => ({ id, Command: (await load()).default })),
)
const many = commands.filter(({ id, Command }) => !Command.strict && !TAKES_ANY.includes(id))

test('every command with one argument takes several, or there is a reason', () => {
  const single = commands.filter(({ Command }) => Command.strict && Object.keys(Command.args).length === 1)

  expect(single.map(({ id }) => id).sort()).toEqual(Object.values(ONE).flat().sort())
})

test.each(many.map(({ id, Command }) => ({ id, canSkip: 'skip-missing' in Command.flags })))(
  'authd $id names every wrong line of stdin, and does nothing',
  async ({ id, canSkip }) => {
    const { run } = await shell({ inProcess: true })
    await run(['migrate'])
    const words = [...id.split(' '), '-', ...(NEEDED[id] ?? [])]
    const input = 'nosuch1\n\nnosuch2\n'

    const { code, stdout, stderr } = await run(words, { input })
    const skipping = canSkip ? await run([...words, '--skip-missing'], { input }) : { code: 0, stderr: 'Skipped 1 2' }

    expect([64, 65, 67]).toContain(code)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^authd: Nothing was (changed|done)\.\nstdin:1: .*nosuch1.*\nstdin:3: .*nosuch2.*\n/)
    expect(skipping.code).toBe(0)
    expect(skipping.stderr).toMatch(/Skipped .*1.*Skipped .*2|Skipped 1 2/s)
  },
)

test.each(['users show -', 'users update - --mfa-policy required', 'explain -', 'settings get -'])(
  'authd %s prints a list with --json for one name as for two',
  async (words) => {
    const { run } = await shell({ inProcess: true })
    await run(['migrate'])
    await run(['users', 'add', 'ada@example.com', 'bob@example.com'])
    const [one = '', two = ''] = words.startsWith('settings')
      ? ['signup.policy', 'limits.requests_per_minute']
      : ['ada@example.com', 'bob@example.com']

    const first = await run([...words.split(' '), '--json'], { input: `${one}\n` })
    const both = await run([...words.split(' '), '--json'], { input: `${one}\n${two}\n` })

    expect(JSON.parse(first.stdout)).toMatchObject({ data: [{}], next_cursor: null, total: 1 })
    expect(JSON.parse(both.stdout)).toMatchObject({ data: [{}, {}], next_cursor: null, total: 2 })
  },
)

test('a value that only one can have is refused for several', async () => {
  const { run } = await shell({ inProcess: true })
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com', 'bob@example.com'])

  const refused = await run(['users', 'update', 'ada@example.com', 'bob@example.com', '--email', 'new@example.com'])

  expect(refused).toMatchObject({ code: 64, stdout: '' })
  expect(refused.stderr).toContain('--email: goes with one user only.')
})

test('--skip-missing changes the others, and an invalid line still stops it', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com', 'bob@example.com'])

  const refused = await run(['users', 'disable', '-'], { input: 'ada@example.com\neve@example.com\n' })
  const before = await run(['users', 'list', '--status', 'disabled'])
  const done = await run(['users', 'disable', '-', '--skip-missing'], { input: 'ada@example.com\neve@example.com\n' })
  const after = await run(['users', 'list', '--status', 'disabled', '--fields', 'email'])

  expect([refused.code, before.stdout]).toEqual([67, ''])
  expect(refused.stderr).toContain('stdin:2: No user "eve@example.com".')
  expect([done.code, after.stdout]).toEqual([0, 'ada@example.com\n'])
  expect(done.stderr).toContain('Skipped stdin:2: No user "eve@example.com".')
})

test('several users are deleted after one confirmation of their number', async () => {
  const { run } = await shell()
  await run(['migrate'])
  await run(['users', 'add', 'ada@example.com', 'bob@example.com'])
  const words = ['users', 'delete', 'ada@example.com', 'bob@example.com']

  const asked = await run(words)
  const done = await run([...words, '--confirm=2 users'])
  const left = await run(['users', 'list'])

  expect(asked.code).toBe(64)
  expect(asked.stderr).toContain("Try: authd users delete ada@example.com bob@example.com --confirm='2 users'")
  expect([done.code, done.stdout.split('\n').length, left.stdout]).toEqual([0, 3, ''])
})

test('names from an empty pipe are none, and never all', async () => {
  const place = await shell()
  await place.run(['migrate'])
  const lines = [
    ['sessions', 'revoke', '-', '--all', '--confirm=all'],
    ['sessions', 'revoke', '-', '--user', 'a@example.com'],
    ['sessions', 'revoke', '-', '--older-than', '1d', '--yes'],
    ['email', 'retry', '-', '--all-failed'],
    ['webhooks', 'redeliver', '-', '--failed'],
    ['templates', 'eject', '-', '--dir', 'ejected'],
  ]

  const codes: (number | null)[] = []
  for (const argv of lines) codes.push((await place.run(argv, { input: '\n' })).code)

  expect(codes).toEqual([64, 64, 64, 64, 64, 0])
  expect(existsSync(join(place.folder, 'ejected', 'signin.mjml'))).toBe(false)
})
