import { describe, expect, onTestFinished, test } from 'vitest'
import { copyRows, type Sides, verifyRows } from '../../src/flows/operator/copy-rows.ts'
import {
  beginCopy,
  checkCopyTarget,
  closeCopied,
  finishCopy,
  reopenCopied,
} from '../../src/flows/operator/database-copy.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { claimServerSecret } from '../../src/flows/server-secret.ts'
import { announceNode } from '../../src/flows/upkeep/node.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { NO_METRICS } from '../../src/startup/wire.ts'
import type { CopiedRow } from '../../src/store/copied-tables.ts'
import type { Db, Dialect } from '../../src/store/db.ts'
import { openDatabase } from '../../src/store/open.ts'
import { emptyDatabase, type FreshDatabase, freshDatabase } from '../support/databases.ts'
import { Died, dyingAt } from '../support/dying.ts'
import { everyRow, fillEveryTable } from '../support/every-table.ts'
import { fakeClock } from '../support/fakes.ts'

const TO = 'the other database'
const clock = fakeClock()
const deps = { clock, random: systemRandom(clock), metrics: NO_METRICS }
const keys = () => keysFrom(Buffer.from('a server secret, of 32 bytes or more'), deps.random)

async function opened({ options, remove }: FreshDatabase): Promise<Db> {
  const db = await openDatabase(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  return db
}

/** A database of an authd with rows in every table, and an empty one. */
async function sidesOf(from: Dialect, to: Dialect, rows = 7): Promise<Sides> {
  const source = await opened(await freshDatabase(from))
  await claimServerSecret({ db: source, clock, keys: keys() })
  await fillEveryTable(source, { from: 1, rows })
  return { source, target: await opened(await emptyDatabase(to)) }
}

const copying = (mark: string, isLive = true) => ({ mark, isLive, onRows() {} })

async function finish(sides: Sides): Promise<void> {
  await checkCopyTarget(sides)
  const mark = await beginCopy(deps, sides)
  await closeCopied(deps, sides.source, { mark, to: TO })
  await copyRows(sides, copying(mark, false))
  await verifyRows(sides, () => {})
  await finishCopy(deps, sides, { actor: SYSTEM, mark, to: TO })
}

/** The rows but the event that a finished copy has more. */
async function rowsOf(db: Db): Promise<Record<string, CopiedRow[]>> {
  const rows = await everyRow(db)
  const events = rows['audit_logs'] ?? []
  return { ...rows, audit_logs: events.filter((row) => row['event_type'] !== 'database.copied') }
}

const DIRECTIONS = [
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const

describe.each(DIRECTIONS)('a copy from %s to %s', (from, to) => {
  test('has every row of every table, and another run writes nothing', async () => {
    const sides = await sidesOf(from, to, 450)

    const first = await copyRows(sides, copying(await beginCopy(deps, sides)))
    const again = await copyRows(sides, copying(await beginCopy(deps, sides)))
    await finish(sides)

    const rows = await rowsOf(sides.target)
    expect(rows).toEqual(await rowsOf(sides.source))
    const total = Object.values(rows).flat().length
    expect(Object.keys(rows).filter((table) => rows[table]?.length === 0)).toEqual([])
    expect(first).toMatchObject({ rows: total, written: total, deleted: 0 })
    expect(again).toMatchObject({ rows: total, written: 0, deleted: 0 })
    const events = (await everyRow(sides.target))['audit_logs']?.filter(
      (row) => row['event_type'] === 'database.copied',
    )
    expect(events).toMatchObject([{ actor: 'system', metadata: JSON.stringify({ from, to }) }])
  })

  test('follows what is changed, exchanged, deleted and added between two runs', async () => {
    const sides = await sidesOf(from, to)
    await copyRows(sides, copying(await beginCopy(deps, sides)))
    await fillEveryTable(sides.source, { from: 100, rows: 4 })
    await sides.source.write(async (trx) => {
      // Two users exchange their addresses, and so do two events their numbers.
      for (const [table, column, held] of [
        ['users', 'email', "'held'"],
        ['audit_logs', 'seq', '-1'],
        ['passkeys', 'credential_id', "'held'"],
      ]) {
        const [one, other] = await trx.all<{ id: string; value: string }>(
          `SELECT id, ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL ORDER BY id LIMIT 2`,
        )
        await trx.run(`UPDATE ${table} SET ${column} = ${held} WHERE id = ?`, [one?.id ?? ''])
        await trx.run(`UPDATE ${table} SET ${column} = ? WHERE id = ?`, [one?.value ?? '', other?.id ?? ''])
        await trx.run(`UPDATE ${table} SET ${column} = ? WHERE id = ?`, [other?.value ?? '', one?.id ?? ''])
      }
      await trx.run('DELETE FROM users WHERE id = (SELECT max(id) FROM users)')
      await trx.run('UPDATE sessions SET revoked_at = NULL, generation = generation + 1')
      await trx.run("UPDATE system_config SET value = 'changed' WHERE key NOT LIKE 'copy.%'")
    })

    await finish(sides)

    expect(await rowsOf(sides.target)).toEqual(await rowsOf(sides.source))
  })

  test('rows of a user who was added after users were copied wait for the next run', async () => {
    const sides = await sidesOf(from, to)
    const mark = await beginCopy(deps, sides)
    let isAdded = false
    const onRows = (table: string) => {
      if (table === 'users') isAdded = true
    }
    const live: Db = {
      ...sides.source,
      async read(work) {
        if (isAdded) {
          isAdded = false
          await fillEveryTable(sides.source, { from: 50, rows: 2 })
        }
        return await sides.source.read(work)
      },
    }

    await copyRows({ ...sides, source: live }, { mark, isLive: true, onRows })
    const between = await rowsOf(sides.target)
    await finish(sides)

    const counts = (rows: Record<string, unknown[]>) => [rows['users']?.length, rows['sessions']?.length]
    expect(counts(between)).toEqual([7, 7])
    expect(counts(await rowsOf(sides.target))).toEqual([9, 9])
    expect(await rowsOf(sides.target)).toEqual(await rowsOf(sides.source))
  })

  test('killed at any unit and run again, it ends as one run would', async () => {
    const sides = await sidesOf(from, to, 3)
    let deaths = 0
    for (let at = 1; ; at += 3) {
      try {
        await finish({ source: dyingAt(sides.source, at), target: dyingAt(sides.target, at) })
        break
      } catch (error) {
        if (!(error instanceof Died)) throw error
        deaths += 1
      }
    }

    expect(await rowsOf(sides.target)).toEqual(await rowsOf(sides.source))
    expect(deaths).toBeGreaterThan(3)
  })

  test('SECURITY: no daemon starts on an unfinished copy, and none on the old database once the last step has begun', async () => {
    const sides = await sidesOf(from, to)
    const start = async (db: Db) => {
      await claimServerSecret({ db, clock, keys: keys() })
      await announceNode(
        { db, clock, keys: keys() },
        { id: 'node_1', host: 'a', pid: 1, version: '0', address: '', startedAt: 0 },
      )
    }
    const announce = (db: Db) =>
      announceNode(
        { db, clock, keys: keys() },
        { id: 'node_1', host: 'a', pid: 1, version: '0', address: '', startedAt: 0 },
      )
    const refusal = (message: string) => ({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) })
    await copyRows(sides, copying(await beginCopy(deps, sides)))
    await start(sides.source)
    await expect(start(sides.target)).rejects.toMatchObject(refusal('is not finished'))

    await finish(sides)

    await start(sides.target)
    await expect(start(sides.source)).rejects.toMatchObject(refusal(TO))
    await expect(announce(sides.source)).rejects.toMatchObject(refusal(TO))
    expect(await reopenCopied(deps, sides.source, SYSTEM)).toBe(true)
    await start(sides.source)
  })

  test('SECURITY: once the last step has begun, who had opened a PostgreSQL before writes nothing more, until it is opened again', async () => {
    const sides = await sidesOf(from, to)
    const mark = await beginCopy(deps, sides)
    const rename = () => sides.source.write((trx) => trx.run("UPDATE users SET name = 'late'"))
    const earlier = rename()
    await closeCopied(deps, sides.source, { mark, to: TO })
    await earlier
    await closeCopied(deps, sides.source, { mark: await beginCopy(deps, sides), to: TO })

    // An SQLite file is held by the process that copies it.
    const refused = {
      kind: 'unavailable',
      message: expect.stringContaining('is closed, because a copy takes its place'),
    }
    if (from === 'postgres') await expect(rename()).rejects.toMatchObject(refused)

    expect(await reopenCopied(deps, sides.source, SYSTEM)).toBe(true)
    await rename()
    expect(await reopenCopied(deps, sides.source, SYSTEM)).toBe(false)
  })

  test('a run that another one has followed writes nothing more, and neither does one after the end', async () => {
    const sides = await sidesOf(from, to)
    const earlier = await beginCopy(deps, sides)
    const later = await beginCopy(deps, sides)

    await expect(copyRows(sides, copying(earlier))).rejects.toMatchObject({ code: 'FAILED' })
    await finish(sides)
    // PostgreSQL refuses it.
    await sides.source.write((trx) => trx.run("UPDATE users SET name = 'late'")).catch(() => undefined)

    await expect(copyRows(sides, copying(later))).rejects.toMatchObject({ code: 'FAILED' })
    expect((await everyRow(sides.target))['users']?.map((row) => row['name'])).not.toContain('late')
  })

  test('a row that is written during the last step is found, and nothing is finished', async () => {
    const sides = await sidesOf(from, to)
    const mark = await beginCopy(deps, sides)
    await copyRows(sides, copying(mark, false))
    await sides.source.write((trx) => trx.run("UPDATE users SET name = 'late' WHERE id = (SELECT max(id) FROM users)"))
    const verified = verifyRows(sides, () => {})

    await expect(verified).rejects.toMatchObject({ code: 'FAILED', message: expect.stringContaining('users ') })
    await sides.target.write((trx) => trx.run('DELETE FROM users'))
    await expect(verifyRows(sides, () => {})).rejects.toMatchObject({ code: 'FAILED' })
  })

  test('a reopened database is not what the copy was made of any more', async () => {
    const sides = await sidesOf(from, to)
    const mark = await beginCopy(deps, sides)
    await closeCopied(deps, sides.source, { mark, to: TO })
    await copyRows(sides, copying(mark, false))
    await reopenCopied(deps, sides.source, SYSTEM)

    await expect(finishCopy(deps, sides, { actor: SYSTEM, mark, to: TO })).rejects.toMatchObject({ code: 'FAILED' })
    await expect(claimServerSecret({ db: sides.target, clock, keys: keys() })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })
})

describe.each(['sqlite', 'postgres'] as const)('a target on %s', (to) => {
  const refused = (words: string) => ({ code: 'FILE_EXISTS', message: expect.stringContaining(words) })

  test('is accepted without tables, and with the tables of authd and no rows', async () => {
    const { source, target } = await sidesOf('sqlite', to, 1)
    const migrated = await opened(await freshDatabase(to))

    expect(await checkCopyTarget({ source, target })).toBe('empty')
    expect(await checkCopyTarget({ source, target: migrated })).toBe('empty')
  })

  test.each([
    ['CREATE TABLE orders (id TEXT)', 'tables that are not of authd (orders)'],
    ['CREATE TABLE users (id TEXT)', 'tables that are not of authd (users)'],
    ['CREATE VIEW orders AS SELECT 1 AS id', 'tables that are not of authd (orders)'],
  ])('is refused with other tables: %s', async (statement, words) => {
    const { source, target } = await sidesOf('sqlite', to, 1)
    await target.write((trx) => trx.run(statement))

    await expect(checkCopyTarget({ source, target })).rejects.toMatchObject(refused(words))
  })

  test('is refused with the data of an authd, also of one that has only just begun, and of the source itself', async () => {
    const { source } = await sidesOf('sqlite', to, 1)
    const { source: other } = await sidesOf(to, to, 1)
    const begun = await opened(await freshDatabase(to))
    await claimServerSecret({ db: begun, clock, keys: keys() })

    for (const target of [other, begun]) {
      await expect(checkCopyTarget({ source, target })).rejects.toMatchObject(refused('has data of an authd'))
    }
    await expect(checkCopyTarget({ source: other, target: other })).rejects.toMatchObject(
      refused('has data of an authd'),
    )
  })

  test('is refused with an unfinished copy of another database, and with a newer schema', async () => {
    const { source, target } = await sidesOf('sqlite', to, 1)
    const { source: other } = await sidesOf('sqlite', to, 1)
    await beginCopy(deps, { source: other, target })

    await expect(checkCopyTarget({ source, target })).rejects.toMatchObject(refused('unfinished copy of another'))
    expect(await checkCopyTarget({ source: other, target })).toBe('unfinished')
    await target.write((trx) => trx.run("INSERT INTO schema_migrations VALUES ('9999_later', 0)"))
    await expect(checkCopyTarget({ source: other, target })).rejects.toMatchObject({ code: 'SCHEMA_NEWER' })
  })
})
