import { expect, test } from 'vitest'
import type { Db } from '../../src/store/db.ts'
import { listFailures, NEVER, setFailureCount } from '../../src/store/failed-attempts.ts'
import { countRefusal, listSuppressions, suppressMail } from '../../src/store/mail-suppressions.ts'
import { listBuckets, takeFromBucket } from '../../src/store/rate-limits.ts'
import { describeOnBoth } from '../support/databases.ts'

const SUBJECTS = ['a', 'B', 'c d', 'e/f']
const WINDOW = { amount: 2, limit: 10, windowMs: 1000, now: 0 }

/** One row at a time, each after the one before. */
async function oneByOne<Row>(db: Db, read: (after: Row | undefined) => (sql: never) => Promise<Row[]>): Promise<Row[]> {
  const all: Row[] = []
  for (let next: Row | undefined, isMore = true; isMore; ) {
    const [row] = (await db.read(read(next) as never)) as Row[]
    if (row !== undefined) all.push(row)
    next = row
    isMore = row !== undefined
  }
  return all
}

describeOnBoth('a list in the order of a number that many rows share', (open) => {
  test('is read in parts without losing or repeating a row', async () => {
    const db = await open()
    await db.write(async (trx) => {
      for (const subject of SUBJECTS) {
        for (const kind of ['totp', 'recovery_code'])
          await setFailureCount(trx, { kind, subject }, { failures: 7, blockedUntil: null })
        for (const policy of ['ip', 'email']) await takeFromBucket(trx, { policy, subject }, WINDOW)
        await countRefusal(trx, { address: subject, response: '550', now: 5, apartMs: 1, forgetMs: 1000 })
        await suppressMail(trx, { address: subject, until: 900 })
      }
    })

    const failures = await oneByOne(
      db,
      (after: Awaited<ReturnType<typeof listFailures>>[number] | undefined) => (sql) =>
        listFailures(sql, { now: 0, after }, 1),
    )
    const buckets = await oneByOne(
      db,
      (after: Awaited<ReturnType<typeof listBuckets>>[number] | undefined) => (sql) =>
        listBuckets(sql, { now: 0, after }, 1),
    )
    const suppressed = await oneByOne(
      db,
      (after: Awaited<ReturnType<typeof listSuppressions>>[number] | undefined) => (sql) =>
        listSuppressions(sql, { now: 0, spanMs: 1000, after }, 1),
    )

    expect(failures).toEqual(await db.read((sql) => listFailures(sql, { now: NEVER - 1 }, 100)))
    expect(failures).toHaveLength(8)
    expect(buckets).toEqual(await db.read((sql) => listBuckets(sql, { now: 0 }, 100)))
    expect(buckets).toHaveLength(8)
    expect(suppressed.map(({ address }) => address).sort()).toEqual(SUBJECTS.toSorted())
  })
})
