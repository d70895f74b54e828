import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { describedCommand } from '../../src/cli/manual/described-command.ts'
import { manPages } from '../../src/cli/manual/man-page.ts'
import { paragraph, text } from '../../src/cli/manual/roff.ts'
import { TOPICS } from '../../src/cli/manual/topics.ts'
import { shell } from '../support/cli.ts'
import { fc } from '../support/property.ts'
import { sectionsOf, shown } from '../support/roff.ts'

const pages = await manPages(COMMANDS)
const names = Object.keys(pages).map((file) => file.replace('.1', '(1)'))
const commands = await Promise.all(Object.entries(COMMANDS).map(([id, entry]) => describedCommand(id, entry)))

test.each(commands)('man authd $id says what its help says', (command) => {
  const name = `authd-${command.id.replaceAll(' ', '-')}`

  const page = sectionsOf(pages[`${name}.1`] ?? '')

  const words = ({ short, name, value }: (typeof command.flags)[number]) =>
    [short && `-${short},`, name, value].filter(Boolean).join(' ')
  const entries = (described: typeof command.flags) =>
    described.length === 0 ? undefined : described.map((word) => `${words(word)} ${word.text}`.trim()).join(' ')
  expect(page).toEqual({
    NAME: `${name} - ${command.summary.replace(/\.$/, '')}`,
    SYNOPSIS: ['authd', command.id, ...command.usage].join(' '),
    DESCRIPTION: `${command.summary} ${command.description}`.replace(/\s+/g, ' ').trim(),
    ARGUMENTS: entries(command.args),
    OPTIONS: entries(command.flags),
    'GLOBAL OPTIONS': entries(command.globalFlags),
    'EXIT STATUS': TOPICS['exit-codes']?.entries.flat().join(' '),
    EXAMPLES: command.examples.join(' '),
    'SEE ALSO': expect.stringMatching(/^authd\(1\)/),
  })
  expect(page['SEE ALSO']?.split(', ').filter((other) => !names.includes(other))).toEqual([])
})

test('man authd lists every command with its summary, and what holds for all of them', () => {
  const page = sectionsOf(pages['authd.1'] ?? '')

  expect(commands.filter(({ id, summary }) => !page['COMMANDS']?.includes(`authd ${id} ${summary}`))).toEqual([])
  expect(page['ENVIRONMENT']).toContain('AUTHD_CONFIG the configuration file')
  expect(page['OUTPUT']).toContain('Errors go to stderr; with --json as one line {"error": {"code", "message", …')
})

test('every text is shown as it is, and no line of it is a request of roff', () => {
  const word = fc.stringMatching(/^[.'\\"`^~\-a-z%…]{1,12}$/)
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 30 }), (words) => {
      const lines = paragraph(words.join(' '))

      expect(lines.map(shown).join(' ')).toBe(words.join(' '))
      expect(lines.filter((line) => !/^[\x20-\x7e]+$/.test(line))).toEqual([])
    }),
  )
})

test('a line of an example is not folded', () => {
  expect(text('.  --x')).toBe('\\&.  \\-\\-x')
})

test('authd man writes one page for each command, and replaces them', async () => {
  const { folder, run } = await shell()

  const first = await run(['man', join(folder, 'share/man1')])
  const again = await run(['man', join(folder, 'share/man1')])

  expect([first.code, again.code]).toEqual([0, 0])
  expect((await readdir(join(folder, 'share/man1'))).sort()).toEqual(Object.keys(pages).sort())
  expect(await readFile(join(folder, 'share/man1/authd-users-list.1'), 'utf8')).toMatch(/^\.TH AUTHD\\-USERS\\-LIST 1 /)
})

test('authd man refuses a folder that cannot be made', async () => {
  const { folder, run } = await shell()
  await writeFile(join(folder, 'taken'), 'mine')

  const { code, stderr } = await run(['man', join(folder, 'taken/man1')])

  expect([code, stderr]).toEqual([73, expect.stringContaining('taken/man1 cannot be written: file already exists.')])
})
