import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import type { RunOptions } from '../support/cli.ts'
import type { Ran } from '../support/command.ts'
import { ENDS_WITH, type Furnished, furnished, LINES } from '../support/every-command.ts'

let place: Furnished
beforeAll(async () => {
  place = await furnished()
})

/** The commands that ask before they act: those whose line answers beforehand. */
const ANSWERS = /^--(yes|confirm=)/
const ASKING = Object.entries(LINES).filter(([, words]) => words.some((word) => ANSWERS.test(word)))

describe('at a question', () => {
  test.each([
    ['Ctrl-C', '\u0003', 130],
    ['Ctrl-D', '\u0004', 1],
    ['Enter alone', '\r', 1],
  ])('%s changes nothing in any command, and none crashes', async (_, typed, expected) => {
    const found: string[] = []
    for (const [id] of ASKING) {
      const { folder, run } = await place.copy()
      const before = contents(folder)
      const line = place.lineOf(id).filter((word) => !ANSWERS.test(word))

      const { code, stdout, stderr } = await run(line, { typed })

      const said = stripVTControlCharacters(stderr).replace(/[\s\S]*(\[y\/N\]|to continue:) /, '')
      // The name of what is deleted was not typed.
      const isOver = code === expected || (typed === '\r' && code === 64)
      const isRight = isOver && stdout === '' && !/This is a bug/.test(stderr) && contents(folder) === before
      if (!isRight || (code === 130 && said.trim() !== '')) found.push(`${id} → ${code}: ${stdout}${stderr}`)
    }

    expect(found).toEqual([])
  })
})

const ALL = Object.keys(LINES)
/** They print nothing here: a list is empty, or the answer is an error. */
const SILENT = [
  ...['metrics', 'lockouts list', 'ratelimit list', 'ratelimit show', 'email retry', 'suppressions list'],
  ...['webhooks deliveries', 'webhooks redeliver', 'config check', 'config path', 'service status'],
]

/** Runs every command, and returns those that end otherwise. */
async function wrongEnds(
  options: RunOptions,
  isRight: (id: string, ran: Ran & { folder: string }) => boolean = endsAsUsual,
): Promise<string[]> {
  const found: string[] = []
  for (const id of ALL) {
    const { folder, run } = await place.copy()
    const ran = await run(place.lineOf(id), options)
    if (/This is a bug/.test(ran.stderr) || !isRight(id, { ...ran, folder })) {
      found.push(`${id} → ${ran.code}: ${(ran.stdout + ran.stderr).slice(0, 200)}`)
    }
    await rm(folder, { recursive: true })
  }
  return found
}

function endsAsUsual(id: string, { code }: Ran): boolean {
  return (ENDS_WITH[id] ?? [0]).includes(code ?? -1)
}

describe('every command', () => {
  test.each([
    ['ENOSPC', 'no space left on device'],
    ['EIO', 'i/o error'],
  ] as const)('whose output fails with %s ends with 74 and says so', async (outputError, reason) => {
    const found = await wrongEnds({ outputError }, (id, ran) => {
      const isSaid = ran.code === 74 && ran.stderr.includes(reason)
      return isSaid || (SILENT.includes(id) && endsAsUsual(id, ran))
    })

    expect(found).toEqual([])
  })

  test('ends as usual with an empty environment', async () => {
    expect(await wrongEnds({ isBare: true })).toEqual([])
  })

  test('ends as usual with a HOME in which nothing can be made', async () => {
    const elsewhere = { HOME: '/dev/null/home', XDG_CONFIG_HOME: '/dev/null/config', XDG_STATE_HOME: '/dev/null/state' }

    expect(await wrongEnds({ env: elsewhere })).toEqual([])
  })

  test('ends as usual with a umask of 077', async () => {
    expect(await wrongEnds({ umask: 0o077 })).toEqual([])
  })

  test('makes no file with a umask of 000 that others can change, and none in the data folder that they can read', async () => {
    const exposed = new Map<string, string[]>()
    const before = new Set(exposedIn((await place.copy()).folder))
    await wrongEnds({ umask: 0 }, (id, { folder }) => {
      const found = exposedIn(folder).filter((name) => !before.has(name))
      if (found.length > 0) exposed.set(id, found)
      return true
    })

    expect(Object.fromEntries(exposed)).toEqual({})
  })

  test('follows no symbolic link at a file that it writes', async () => {
    const found: string[] = []
    for (const id of ALL) {
      for (const name of await writtenBy(id)) {
        const { folder, run } = await place.copy()
        const victim = join(folder, 'victim')
        writeFileSync(victim, 'theirs')
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        symlinkSync(victim, join(folder, name))

        const { code, stderr } = await run(place.lineOf(id))

        if (code === 70 || readFileSync(victim, 'utf8') !== 'theirs') found.push(`${id} → ${code}: ${name} ${stderr}`)
        await rm(folder, { recursive: true })
      }
    }

    expect(found).toEqual([])
  })
})

/** The files that a command makes under names that are known before, at most three in a folder. */
async function writtenBy(id: string): Promise<string[]> {
  const { folder, run } = await place.copy()
  const before = new Set(filesIn(folder))
  await run(place.lineOf(id))
  const made = filesIn(folder).filter((name) => !before.has(name) && !/\d{4}-\d\d-\d\d/.test(name))
  await rm(folder, { recursive: true })
  const folders = Map.groupBy(made, (name) => dirname(name))
  return [...folders.values()].flatMap((names) => names.slice(0, 3))
}

/** Without SQLite's own files beside a database. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !/-(wal|shm)$/.test(name) && statSync(join(folder, name)).isFile(),
  )
}

function exposedIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const status = statSync(join(folder, name))
    const isData = /^(data|authd-data)\//.test(name) || name === 'copy.db'
    return (status.mode & 0o002) !== 0 || (isData && status.isFile() && (status.mode & 0o077) !== 0)
  })
}

/** The names of all files, and what was audited. */
function contents(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !/-(wal|shm)$/.test(name))
  const db = new DatabaseSync(join(folder, 'authd-data/authd.db'))
  const rows = db.prepare('SELECT count(*) AS events FROM audit_logs').get()
  db.close()
  return JSON.stringify([files.toSorted(), rows])
}
