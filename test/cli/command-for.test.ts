import { expect, test } from 'vitest'
import { OperatorCommand } from '../../src/cli/command.ts'
import { commandFor, VALUED_FLAGS } from '../../src/cli/help/command-for.ts'

test.each([
  ['users list --json', 'users list', '--json'],
  ['-c a.toml users list', 'users list', '-c a.toml'],
  ['--config a.toml --json email test ada@example.com', 'email test', '--config a.toml --json ada@example.com'],
  ['--config=a.toml users list', 'users list', '--config=a.toml'],
  ['users --json list', 'users list', '--json'],
  ['users --fields id list', 'users list', '--fields id'],
  ['test-email ada@example.com', 'email test', 'ada@example.com'],
  ['session ls', 'sessions list', ''],
  ['user rm ada@example.com', 'users delete', 'ada@example.com'],
  ['webhook rm whe_1', 'webhooks remove', 'whe_1'],
  ['ipfilter rm 10.0.0.1', 'ipfilter remove', '10.0.0.1'],
  ['migrate -n', 'migrate up', '-n'],
  ['explain ada@example.com', 'explain', 'ada@example.com'],
  ['lockdown on', 'lockdown', 'on'],
  ['ipfilter add -- list', 'ipfilter add', '-- list'],
])('%s', (typed, id, argv) => {
  const found = commandFor(typed.split(' '))

  expect([found?.id, found?.argv.join(' ')]).toEqual([id, argv])
})

test.each(['users', 'users lst', 'migrate sideways', '--json', '-c users'])('%s is not a command', (typed) => {
  expect(commandFor(typed.split(' '))).toBeUndefined()
})

test('every global flag with a value is known to take one', () => {
  const valued = Object.entries(OperatorCommand.baseFlags)
    .filter(([, { type }]) => type === 'option')
    .flatMap(([name, { char }]) => [...(char === undefined ? [] : [`-${char}`]), `--${name}`])

  expect(VALUED_FLAGS.toSorted()).toEqual(valued.toSorted())
})
