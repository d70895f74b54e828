import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandFor } from '../../src/cli/help/command-for.ts'
import { ERRORS } from '../../src/errors.ts'
import { EVENTS } from '../../src/flows/event.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = globSync('{README.md,docs/*.md}', { cwd: ROOT })

/** `authd …` command lines in blocks of shell and in `code`. */
function commandsIn(text: string): string[][] {
  const parts = text.split('```')
  const shell = parts
    .filter((part, index) => index % 2 === 1 && part.startsWith('sh\n'))
    .flatMap((part) => part.split('\n'))
  const prose = parts.filter((_, index) => index % 2 === 0).join('')
  const inline = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...shell, ...inline].flatMap((line) => {
    const [, words] = /^(?:sudo )?(?:bin\/)?authd(?:\.js)? ([a-z-][^#|>]*)/.exec(line.trim()) ?? []
    return words === undefined ? [] : [words.trim().split(/\s+/)]
  })
}

describe.each(PAGES)('%s', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8')

  test('every command in it exists, with its flags', async () => {
    const unknown = []
    for (const words of commandsIn(text).filter(([first]) => !first?.startsWith('--') && first !== 'help')) {
      const command = commandFor(words)
      const Command = command && (await command.load())
      const flags = Object.keys({ ...Command?.baseFlags, ...Command?.flags, help: true }).flatMap((flag) => [
        flag,
        `no-${flag}`,
      ])
      const used = words.flatMap((word) => /^--([a-z-]+)/.exec(word)?.[1] ?? [])
      if (!Command || used.some((flag) => !flags.includes(flag))) unknown.push(words.join(' '))
    }

    expect(unknown).toEqual([])
  })

  test('every file it links to exists', () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target = '']) => target)
    const folder = join(ROOT, page, '..')

    expect(links.filter((target) => globSync(join(folder, target)).length === 0)).toEqual([])
  })
})

test('docs/errors.md has every error code with its status and exit code, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| (.*) \|$/gm)]

  expect(
    rows.map(([, code, status, exit, message]) => ({ code, status: Number(status), exit: Number(exit), message })),
  ).toEqual(Object.entries(ERRORS).map(([code, { status, exit, message }]) => ({ code, status, exit, message })))
})

test('docs/operating.md has every event of the audit log, and no other', () => {
  const text = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8')
  const rows = [...text.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \| (.*) \|$/gm)]

  expect(rows.map(([, type, meaning]) => [type, meaning])).toEqual(Object.entries(EVENTS))
})
