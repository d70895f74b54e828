import { expect, test } from 'vitest'
import type { Db, Trx } from '../../src/store/db.ts'
import { dryRun } from '../../src/store/dry-run.ts'
import { insertUser, listUsers } from '../../src/store/users.ts'
import { describeOnBoth } from '../support/databases.ts'

async function add(trx: Trx, name: string): Promise<void> {
  const email = `${name}@example.com`
  await insertUser(trx, { id: `usr_${name}`, email, emailTyped: email, name, emailVerifiedAt: null, createdAt: 0 })
}

async function namesIn(db: Db): Promise<(string | null)[]> {
  return (await db.read((sql) => listUsers(sql, {}, 100))).map(({ name }) => name).reverse()
}

describeOnBoth('a unit of work', (open) => {
  test('that throws is rolled back without those that wait with it', async () => {
    const db = await open()

    const outcomes = await Promise.allSettled([
      db.write((trx) => add(trx, 'ada')),
      db.write(async (trx) => {
        await add(trx, 'eve')
        throw new Error('undo')
      }),
      db.write((trx) => add(trx, 'bob')),
    ])

    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await namesIn(db)).toEqual(['ada', 'bob'])
  })

  test('that returns commits, also when it returns a refusal', async () => {
    const db = await open()

    const verdict = await db.write(async (trx) => {
      await add(trx, 'counted')
      return 'refused' as const
    })

    expect(verdict).toBe('refused')
    expect(await namesIn(db)).toEqual(['counted'])
  })

  test('that violates a constraint and continues is not reported as done', async () => {
    const db = await open()
    await db.write((trx) => add(trx, 'ada'))
    const broken = (trx: Trx) => trx.run("INSERT INTO users (id, email) VALUES ('usr_ada', 'x')")

    const outcome = db.write(async (trx) => {
      await add(trx, 'bob')
      await broken(trx).catch(() => undefined)
      return 'done'
    })

    // By then PostgreSQL has aborted the transaction and SQLite has not. The result is correct either way.
    const answer = await outcome.catch(() => 'failed')
    expect((await namesIn(db)).includes('bob')).toBe(answer === 'done')
  })

  test('rejects a read or a write of the database inside it immediately', async () => {
    const db = await open()

    await expect(db.write(() => db.write((trx) => add(trx, 'inner')))).rejects.toThrow('db.write inside a unit of work')
    await expect(db.write(() => namesIn(db))).rejects.toThrow('db.read inside a unit of work')
    expect(await namesIn(db)).toEqual([])
  })

  test('may be followed by another in the same async context', async () => {
    const db = await open()

    await db.write((trx) => add(trx, 'ada'))
    await db.write((trx) => add(trx, 'bob'))

    expect(await namesIn(db)).toEqual(['ada', 'bob'])
  })

  test('notifies its listeners when it is committed, not when it is rolled back', async () => {
    const db = await open()
    const seen: (string | null)[][] = []
    const looks: Promise<unknown>[] = []
    const stop = db.onCommit(() => {
      looks.push(namesIn(db).then((names) => seen.push(names)))
    })

    await db.write((trx) => add(trx, 'ada'))
    await Promise.all(looks)
    stop()
    await db.write((trx) => add(trx, 'bob'))

    expect(seen).toEqual([['ada']])
  })

  test('returns its result in a dry run, and is rolled back', async () => {
    const db = await open()
    const rehearsal = dryRun(db)

    const answer = await rehearsal.write(async (trx) => {
      await add(trx, 'ada')
      return 'added'
    })
    const failure = rehearsal.write(() => Promise.reject(new Error('as in earnest')))

    expect(answer).toBe('added')
    await expect(failure).rejects.toThrow('as in earnest')
    expect(await namesIn(db)).toEqual([])
  })

  test('knows its values from SQL', async () => {
    const db = await open()
    const hostile = `x'); DROP TABLE users; --`

    await db.write((trx) => add(trx, hostile))

    expect(await namesIn(db)).toEqual([hostile])
  })
})
