import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileNames } from '../../src/config/names.ts'
import { referenceFor } from '../../src/config/reference.ts'
import { KEYS, SECTION_TEXTS } from '../../src/config/schema.ts'
import { refuseUnknownKey } from '../../src/config/unknown-key.ts'
import { shell } from '../support/cli.ts'
import { NEEDED } from '../support/config-folder.ts'
import { fc } from '../support/property.ts'

const SECTIONS = [...SECTION_TEXTS.keys()]
const NAMES = fileNames().map(({ name }) => name)

/** A name that no key has: any section or none, and any word, also one that is a name elsewhere. */
const WORDS = fc.oneof(
  fc.constantFrom(...KEYS.flatMap(({ name, established = name }) => [name, established, `${name}s`])),
  fc.constantFrom('listen', 'bind', '-rf', "it's", '`id`'),
  fc.string({ minLength: 1 }),
)
const unknownName = fc
  .tuple(fc.constantFrom('', ...SECTIONS), WORDS)
  .map(([section, word]) => (section ? `${section}.${word}` : word))
  .filter((name) => !NAMES.includes(name) && !SECTIONS.includes(name))

test('a suggested command about unknown keys describes a key or a section, or all of them', async () => {
  const { run } = await shell({ data: false, inProcess: true })
  const lists = fc.sample(fc.array(unknownName, { minLength: 1, maxLength: 2 }), 300)

  const commands = new Set(lists.map((names) => referenceFor(names.map((key) => ({ key, message: '' })))))

  const codes = []
  for (const command of commands) codes.push((await run(command.split(' ').slice(1))).code)
  expect(codes.length).toBeGreaterThan(SECTIONS.length / 2)
  expect(codes.filter((code) => code !== 0)).toEqual([])
})

test('a suggestion for an unknown key names only keys and sections that exist', () => {
  fc.assert(
    fc.property(unknownName, (name) => {
      const { suggestion } = refuseUnknownKey(name, false)
      const [section = ''] = name.split('.')

      const named = /^Did you mean "(.*)"\?$/.exec(suggestion)?.[1]?.split('" or "') ?? []
      const places = [...suggestion.matchAll(/below \[(\w+)\]/g)].map(([, place]) => place)

      expect(
        named.filter((one) => ![...NAMES, ...SECTIONS].some((known) => [one, `${section}.${one}`].includes(known))),
      ).toEqual([])
      expect(SECTIONS).toEqual(expect.arrayContaining(places))
    }),
  )
})

test('an address to listen on is written as host and port', async () => {
  const { run, folder } = await shell({ data: false })
  const path = join(folder, 'config.toml')
  await writeFile(path, `${NEEDED}[server]\nlisten = "10.0.0.11:3000"\n`)

  const { code, stderr } = await run(['config', 'check', path])

  expect(code).toBe(78)
  expect(stderr).toContain('unknown key "listen" in [server]. Write host = "127.0.0.1" and port = 3000 below [server].')
  expect(stderr).toContain('\nTry: authd config reference server\n')
})

test.each(['sever.port', 'smpt', 'no_such_key', 'server.listen', '-rf'])(
  'what is suggested in place of the unknown key %s works',
  async (key) => {
    const { run } = await shell({ inProcess: true })
    await run(['migrate'])

    const errors = [await run(['config', 'reference', '--', key]), await run(['settings', 'set', '--', key, '1'])]

    const tries = errors.flatMap(({ stderr }) =>
      [...stderr.matchAll(/(?:Try: | or: )(authd .*)/g)].map(([, line = '']) => line),
    )
    expect(tries.length).toBeGreaterThanOrEqual(2)
    for (const line of tries) expect(await run(line.split(' ').slice(1))).toMatchObject({ code: 0 })
  },
)
