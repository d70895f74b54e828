import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commandFor } from '../../src/cli/help/command-for.ts'
import { ALERTS } from '../../src/platform/monitoring/alerts.ts'

const ROOT = join(import.meta.dirname, '../..')
const PAGES = globSync('{*,docs/**/*}.md', { cwd: ROOT, exclude: (name) => name === 'node_modules' })

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

/** The anchors of a page, as its headings make them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  )
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

  test('every heading it links to exists', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)]
    const lost = links.filter(([, target = '', anchor = '']) => {
      const other = target === '' ? text : readFileSync(join(ROOT, page, '..', target), 'utf8')
      return !headingsOf(other).includes(anchor)
    })

    expect(lost.map(([link]) => link)).toEqual([])
  })
})

test('every alert has a runbook, and every runbook an alert', () => {
  const text = readFileSync(join(ROOT, 'docs/monitoring.md'), 'utf8')
  const runbooks = [...text.matchAll(/^### (\w+)$/gm)].map(([, name]) => name)

  expect(runbooks).toEqual(ALERTS.map(({ name }) => name))
})
