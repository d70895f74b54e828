import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import type { Ran } from '../support/command.ts'
import { ENDS_WITH, type Furnished, furnished, LINES } from '../support/every-command.ts'

let place: Furnished
beforeAll(async () => {
  place = await furnished()
})

const ALL = Object.keys(LINES)
const isRefused = ({ code, stdout }: Ran) => code === 64 && stdout === ''
const isOver = (id: string, { code }: Ran) => (ENDS_WITH[id] ?? [0]).includes(code ?? -1)

/** The commands that ignore the flags: neither refused nor, by what they printed, honoured. */
async function ignoring(
  flags: string[],
  isHonoured: (id: string, ran: Ran) => Promise<boolean> | boolean,
  { isTerminal = false, ids = ALL } = {},
): Promise<string[]> {
  const found: string[] = []
  for (const id of ids) {
    const ran = await place.run(id, flags, { isTerminal })
    if (isRefused(ran) || (await isHonoured(id, ran))) continue
    found.push(`${id} → ${ran.code}: ${JSON.stringify((ran.stdout + ran.stderr).slice(0, 120))}`)
  }
  return found
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

test('every command has a line in the table, but serve, which does not end', () => {
  expect(ALL.toSorted()).toEqual(
    Object.keys(COMMANDS)
      .filter((id) => id !== 'serve')
      .toSorted(),
  )
})

test('every line of the table ends as the table says', async () => {
  expect(await ignoring([], isOver)).toEqual([])
})

describe('no command ignores', () => {
  test('--config', async () => {
    // init writes the file.
    const ids = ALL.filter((id) => id !== 'init')

    const namesIt = (_: string, { stdout, stderr }: Ran) =>
      /missing\.toml( does not exist|\s+no such file)/.test(stdout + stderr)

    expect(await ignoring(['--config', 'missing.toml'], namesIt, { ids })).toEqual([])
  })

  test('--fields', async () => {
    // A list without a row shows no field, and what failed shows none either.
    const isHonoured = (id: string, ran: Ran) => ran.stdout === '' && isOver(id, ran)

    expect(await ignoring(['--fields', 'nope'], isHonoured)).toEqual([])
  })

  test('--json, also for errors', async () => {
    // A stream is one object per line.
    const ids = ALL.filter((id) => id !== 'audit tail')
    const isHonoured = (id: string, ran: Ran) =>
      isOver(id, ran) && (ran.stdout === '' ? isJson(ran.stderr) : isJson(ran.stdout))

    expect(await ignoring(['--json'], isHonoured, { ids })).toEqual([])
  })

  test.each([false, true])('--jsonl (on a terminal: %s)', async (isTerminal) => {
    const isHonoured = (id: string, ran: Ran) =>
      isOver(id, ran) && (ran.stdout === '' || ran.stdout.trim().split('\n').every(isJson))

    expect(await ignoring(['--jsonl'], isHonoured, { isTerminal })).toEqual([])
  })

  test('--plain', async () => {
    // In a pipe, audit tail prints JSON.
    const ids = ALL.filter((id) => id !== 'audit tail')
    // Each run makes ids, secrets and times of its own.
    const likeAll = (text: string) => text.replace(/[\w+/=.-]{20,}|\w+_\w+|\d+(?:\.\d+)?/g, '#')
    const piped = new Map<string, string>()
    for (const id of ALL) piped.set(id, likeAll((await place.run(id)).stdout))
    const isHonoured = (id: string, { stdout }: Ran) => likeAll(stdout) === piped.get(id)

    expect(await ignoring(['--plain'], isHonoured, { isTerminal: true, ids })).toEqual([])
  })

  test('--header', async () => {
    const isHeader = (_: string, { stdout }: Ran) => /^[A-Z0-9_ -]+(\t[A-Z0-9_ -]+)*\n/.test(stdout)

    expect(await ignoring(['--plain', '--header'], isHeader)).toEqual([])
    expect(await ignoring(['--json', '--header'], () => false)).toEqual([])
  })

  test('--quiet', async () => {
    const isHonoured = (id: string, { code, stderr }: Ran) =>
      stderr === '' || (code !== 0 && isOver(id, { code, stderr, stdout: '' }))

    expect(await ignoring(['--quiet'], isHonoured)).toEqual([])
  })

  test('--verbose', async () => {
    expect(await ignoring(['--verbose'], (_, { stderr }) => /^authd: (no )?configuration/m.test(stderr))).toEqual([])
  })

  test.each(['--no-color', '--color=never'])('%s', async (flag) => {
    const isPlain = (id: string, ran: Ran) => isOver(id, ran) && !(ran.stdout + ran.stderr).includes('\u001b')

    expect(await ignoring([flag], isPlain, { isTerminal: true })).toEqual([])
  })

  test.each(['--yes', '--no-input'])('%s: nothing is asked on a terminal', async (flag) => {
    const isHonoured = (id: string, ran: Ran) => isOver(id, ran) && !ran.stderr.includes('[y/N]')

    expect(await ignoring([flag], isHonoured, { isTerminal: true })).toEqual([])
  })

  test.each([false, true])('--time (on a terminal: %s)', async (isTerminal) => {
    const isHonoured = (_: string, { stdout }: Ran) =>
      !/\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\d\d:\d\d:\d\d|\bago\b|\bin \d+ (days|hours)/.test(stdout)

    expect(await ignoring(['--time', 'unix'], isHonoured, { isTerminal })).toEqual([])
  })

  test('--timeout', async () => {
    // They show what they find without the database, too. healthcheck has a --timeout of its own.
    const others = ['doctor', 'support-bundle', 'config show', 'healthcheck']
    const found: string[] = []
    for (const id of ALL.filter((each) => !others.includes(each))) {
      const { folder, run } = await place.copy()
      const holder = new DatabaseSync(join(folder, 'authd-data/authd.db'))
      holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
      const ran = await run([...place.lineOf(id), '--timeout', '1ms'])
      holder.close()
      if (!isRefused(ran) && ran.code !== 75) found.push(`${id} → ${ran.code}: ${ran.stdout.slice(0, 80)}`)
    }

    expect(found).toEqual([])
  })
})

test('--color always colours the output of a pipe', async () => {
  const { folder, run } = await place.copy()
  const db = new DatabaseSync(join(folder, 'authd-data/authd.db'))
  db.exec("UPDATE audit_logs SET outcome = 'failure'")
  db.close()

  const coloured = await run(['audit', 'tail', '--plain', '--color', 'always'])
  const plain = await run(['audit', 'tail', '--plain'])

  expect(coloured.stdout).toContain('\u001b[31m')
  expect(plain.stdout).not.toContain('\u001b')
})

test.each([
  ['--json', '--header'],
  ['--json', '--time=iso'],
  ['--no-color', '--color=always'],
])('%s with %s is rejected, because one would be ignored', async (one, other) => {
  expect(await place.run('users list', [one, other])).toMatchObject({ code: 64, stdout: '' })
})
