import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { shell } from '../../src/platform/shell.ts'
import { fc } from '../support/property.ts'

/** The words that a shell makes of a command line. `authd` is a function here, and so runs nothing. */
function words(line: string): string[] {
  const script = `authd() { printf '%s\\0' "$@"; }\n${line}\n`
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

test('SECURITY: a pasted command line runs nothing that its values say, and has them unchanged', () => {
  const dangerous = fc.constantFrom(
    '`id`',
    '$(id)',
    "'",
    '"',
    '\n',
    '\\',
    ';id',
    '-',
    '--',
    '=',
    '*',
    '~',
    '!',
    ' ',
    '#',
  )
  const value = fc
    .array(fc.oneof(dangerous, fc.string({ maxLength: 3 })), { maxLength: 5 })
    .map((parts) => parts.join('').replaceAll('\0', '').toWellFormed())

  fc.assert(
    fc.property(value, value, (user, reason) => {
      const line = shell`authd users show ${user} --reason ${reason} ${[`--confirm=${user}`, reason]}`

      const said = words(line)

      const given = reason.startsWith('-') ? [`--reason=${reason}`] : ['--reason', reason]
      const flags = [...given, `--confirm=${user}`, reason]
      expect(said).toEqual(
        user.startsWith('-') ? ['users', 'show', ...flags, '--', user] : ['users', 'show', user, ...flags],
      )
    }),
    { numRuns: 100 },
  )
})

test('a plain value is not quoted, and an empty list leaves no space', () => {
  expect(shell`authd users unlock ${[]} ${'ada+1@example.com'}`).toBe('authd users unlock ada+1@example.com')
  expect(shell`authd ipfilter remove ${'203.0.113.0/24'}`).toBe('authd ipfilter remove 203.0.113.0/24')
})

test('the words of a name that begins with a dash keep their order', () => {
  expect(shell`authd passkeys show ${'-rf@example.com'} ${'Work laptop'}`).toBe(
    `authd passkeys show -- -rf@example.com 'Work laptop'`,
  )
})
