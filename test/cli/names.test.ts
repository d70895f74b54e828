import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { commandFor } from '../../src/cli/help/command-for.ts'
import { shell } from '../support/cli.ts'

/** Every object of JavaScript has this name. */
const INHERITED = 'toString'

/** A name that nothing has, and that is close to nothing. */
const UNKNOWN = 'qzqzqzqz'

/** They write to the machine, or wait. */
const NOT_RUN = /^(?:init|man|serve|service .*)$/

const commands = await Promise.all(
  Object.entries(COMMANDS)
    .filter(([id]) => !NOT_RUN.test(id))
    .map(async ([id, { load }]) => ({ id, Command: (await load()).default })),
)

function lineOf({ id, Command }: (typeof commands)[number], name: string): string[] {
  const needed = Object.entries(Command.flags).filter(([, flag]) => flag.required)
  const dry = 'dry-run' in Command.flags ? ['--dry-run'] : ['--no-input']
  return [
    ...id.split(' '),
    ...Object.keys(Command.args).map(() => name),
    ...needed.map(([flag]) => `--${flag}=${name}`),
    ...dry,
  ]
}

/** In place of each argument. */
const argumentLines = (name: string): string[][] =>
  commands.filter(({ Command }) => Object.keys(Command.args).length > 0).map((one) => lineOf(one, name))

/** In place of each word, and of the value of each flag. */
const flagLines = (name: string): string[][] => [
  ...[[name], ['users', name], ['help', name], ['users', 'list', `--${name}`]],
  ...[
    ['version', '--fields', name],
    ['sessions', 'revoke', '--all', `--${name}`],
  ],
  ...commands.flatMap((one) =>
    Object.entries(one.Command.flags)
      .filter(([, { type, required }]) => type === 'option' && !required)
      .map(([flag]) => [...lineOf(one, name), `--${flag}=${name}`]),
  ),
]

test.each([
  ['argument', argumentLines, true],
  ['word or value of a flag', flagLines, false],
] as const)('as %s, a name that every object has is as unknown as any other', async (_, linesWith, data) => {
  const { run } = await shell({ inProcess: true, data })
  await run(data ? ['migrate'] : ['version'])
  const answers = async (name: string) => {
    const said = []
    for (const line of linesWith(name)) {
      const { code, stdout, stderr } = await run(line, { input: `${name}\n` })
      said.push({ line, code, text: `${stdout}${stderr}`.replaceAll(new RegExp(name, 'gi'), '…').replace(/\d+/g, '0') })
    }
    return said
  }

  const expected = await answers(UNKNOWN)
  const found = await answers(INHERITED)

  expect(expected.filter(({ code }) => code === 70)).toEqual([])
  expect(found.map(({ code, text }) => ({ code, text }))).toEqual(expected.map(({ code, text }) => ({ code, text })))
})

/** Words that mean the same to people who come from other programs. */
const SYNONYMS = [
  ['list', 'ls'],
  ['show', 'get', 'view', 'describe'],
  ['add', 'create', 'new'],
  ['delete', 'remove', 'rm', 'del'],
  ['update', 'edit', 'change', 'modify'],
]

test('every verb is known by the usual other words, unless they name another command', () => {
  const missed = Object.keys(COMMANDS).flatMap((id) => {
    const [topic = '', verb = ''] = id.split(' ')
    const words = SYNONYMS.find((set) => set.includes(verb)) ?? []
    return words.filter((word) => ![id, `${topic} ${word}`].includes(commandFor([topic, word])?.id ?? ''))
  })

  expect(missed).toEqual([])
})

test.each([
  ['status', 'not-a-url'],
  ['top', 'ftp://127.0.0.1'],
  ['metrics', '127.0.0.1:3000'],
  ['healthcheck', 'http://a b'],
])('authd %s --url %s is a usage error', async (command, url) => {
  const { run } = await shell()

  const { code, stdout, stderr } = await run([command, '--url', url])

  expect([code, stdout]).toEqual([64, ''])
  expect(stderr).toContain(`--url: "${url}" is not an address of a daemon. Use http://127.0.0.1:3000.`)
})

test.each([
  ['healthcheck', 1],
  ['status', 1],
  ['top', 0],
  ['metrics', 69],
])('authd %s says why nothing answers in TLS, and ends with %i', async (command, exitCode) => {
  const { run } = await shell()
  await run(['migrate'])
  const url = await stranger('text/plain', 'hello')

  const { code, stdout, stderr } = await run([command, '--url', url.replace('http:', 'https:')])

  expect(`${stdout}${stderr}`).not.toContain('bug')
  expect(code).toBe(exitCode)
})

test.each([['null'], ['[1]'], ['{"version":7}'], ['{"problems":"none"}'], ['hello']])(
  'another program that answers %s on the port is not a daemon',
  async (body) => {
    const { run } = await shell()
    await run(['migrate'])
    const url = await stranger('application/json', body)

    const status = await run(['status', '--url', url, '--json'])
    const top = await run(['top', '--url', url, '--json'])
    const health = await run(['healthcheck', '--ready', '--url', url])

    expect(JSON.parse(status.stdout)).toMatchObject({ running: false })
    expect([status.code, top.code, health.code]).toEqual([1, 0, 0])
  },
)

async function stranger(type: string, body: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('Content-Type', type).end(body))
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
