import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { stripVTControlCharacters } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Furnished, furnished, LINES } from '../support/every-command.ts'

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

/** The names of all files, and what was audited. */
function contents(folder: string): string {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => !/-(wal|shm)$/.test(name))
  const db = new DatabaseSync(join(folder, 'authd-data/authd.db'))
  const rows = db.prepare('SELECT count(*) AS events FROM audit_logs').get()
  db.close()
  return JSON.stringify([files.toSorted(), rows])
}
