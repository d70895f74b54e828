import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { shell } from '../support/cli.ts'

const PLACES = ['init', '--dir', 'etc', '--data-dir', 'data']
const RIGHT = ['https://auth.example.com', 'smtp.example.com', '587', 'authd', 'no-reply@example.com']

test('a wrong answer is refused at once with an example, and asked for again', async () => {
  const { folder, run } = await shell({ inProcess: true })
  const typed = [
    ...['auth.example.com', '', 'https://auth.example.com'],
    ...['mail server', 'smtp.example.com'],
    ...['x', '99999', '', '', 'nobody', ''],
  ]

  const { code, stderr } = await run(PLACES, { typed: typed.map((line) => `${line}\r`).join('') })

  const said = stripVTControlCharacters(stderr).split('\n')
  const refused = said.filter((line) => /^(expected|An answer)/.test(line))
  expect(refused).toEqual([
    'expected a URL such as "https://auth.example.com", got "auth.example.com".',
    'An answer is needed. Example: https://auth.example.com',
    'expected a host name or address, got "mail server". Example: smtp.example.com',
    'expected 1..65535, got "x". Example: 587',
    'expected 1..65535, got 99999. Example: 587',
    'expected an address such as "Example <no-reply@example.com>", got "nobody".',
  ])
  expect(code).toBe(0)
  expect(await readFile(join(folder, 'etc/config.toml'), 'utf8')).toContain('from = "no-reply@auth.example.com"')
})

test.each([
  ['Ctrl-C', '\u0003', 130],
  ['Ctrl-D', '\u0004', 1],
])('%s at any of the questions writes nothing', async (_, key, expected) => {
  const { folder, run } = await shell({ inProcess: true })
  const codes = []
  for (const asked of RIGHT.keys()) {
    const typed = RIGHT.slice(0, asked).map((line) => `${line}\r`)
    codes.push((await run(PLACES, { typed: typed.join('') + key })).code)
  }

  expect(codes).toEqual(RIGHT.map(() => expected))
  expect([existsSync(join(folder, 'etc')), existsSync(join(folder, 'data'))]).toEqual([false, false])
})
