import { expect, test } from 'vitest'
import type { Db, Trx } from '../../src/store/db.ts'
import { rememberDevice } from '../../src/store/devices.ts'
import { isBudgetUsed, takeFailure } from '../../src/store/failed-attempts.ts'
import { takeLease } from '../../src/store/node-leases.ts'
import { claimMail, finishOutbox, insertOutbox, postponeOutbox } from '../../src/store/outbox.ts'
import { findSession } from '../../src/store/sessions.ts'
import { completeSigninAttempt, markPreviewed, takeCodeTry, useSigninAttempt } from '../../src/store/signin-attempts.ts'
import { rotateSession } from '../../src/store/token-generations.ts'
import { insertUser, markUserDisabled } from '../../src/store/users.ts'
import { describeOnBoth } from '../support/databases.ts'
import { addAttempt, addSession, addUser, LATER, NOW } from '../support/rows.ts'

const RACERS = 20

/** Runs the same unit twenty times concurrently. */
async function race<Result>(db: Db, unit: (trx: Trx, racer: number) => Promise<Result>): Promise<Result[]> {
  return await Promise.all(Array.from({ length: RACERS }, (_, racer) => db.write((trx) => unit(trx, racer))))
}

function wins(results: boolean[]): number {
  return results.filter((won) => won).length
}

async function addMails(db: Db, count: number): Promise<void> {
  const what = { isDecoy: false, recipient: 'ada@example.com', template: 'signin', lang: 'en', bodySealed: 'sealed' }
  await db.write(async (trx) => {
    for (let n = 0; n < count; n += 1) {
      const id = `msg_${String(n).padStart(3, '0')}`
      await insertOutbox(trx, {
        id,
        kind: 'mail',
        ...what,
        attemptId: null,
        eventSeq: null,
        isAwaited: true,
        createdAt: 0,
        expiresAt: LATER,
      })
    }
  })
}

describeOnBoth('of twenty concurrent tries only one succeeds', (open) => {
  test('a proof is spent', async () => {
    const db = await open()
    await addAttempt(db, 'att_1')

    expect(wins(await race(db, (trx) => useSigninAttempt(trx, { id: 'att_1', now: NOW })))).toBe(1)
  })

  test('an attempt is completed', async () => {
    const db = await open()
    await addAttempt(db, 'att_1')

    expect(
      wins(
        await race(
          db,
          async (trx) => (await completeSigninAttempt(trx, { id: 'att_1', before: [], now: NOW })) !== undefined,
        ),
      ),
    ).toBe(1)
  })

  test('the first visit from another browser is recorded once', async () => {
    const db = await open()
    await addAttempt(db, 'att_1')

    expect(wins(await race(db, (trx) => markPreviewed(trx, { id: 'att_1', now: NOW })))).toBe(1)
  })

  test('an attempt allows as many tries of its code as its limit', async () => {
    const db = await open()
    await addAttempt(db, 'att_1')
    const input = { id: 'att_1', limit: 5, now: NOW }

    expect(wins(await race(db, async (trx) => (await takeCodeTry(trx, input)) !== undefined))).toBe(5)
  })

  test('a budget of failures is used up exactly, and is full again in the next window', async () => {
    const db = await open()
    const budget = { kind: 'mail_code', subject: 'ada@example.com', limit: 7, windowMs: 100 }

    const first = await race(db, (trx) => takeFailure(trx, budget, NOW))
    const isUsed = await db.read((sql) => isBudgetUsed(sql, budget, NOW))
    const next = await race(db, (trx) => takeFailure(trx, budget, NOW + 100))

    expect([wins(first), isUsed, wins(next)]).toEqual([7, true, 7])
  })

  test('a refresh token is spent', async () => {
    const db = await open()
    await addSession(db, 'ses_1')

    const rotation = { id: 'ses_1', generation: 0, refreshSalt: 'salt', now: NOW, idleExpiresAt: LATER }
    const rotated = await race(db, async (trx) => (await rotateSession(trx, rotation)) !== undefined)

    expect(wins(rotated)).toBe(1)
    expect((await db.read((sql) => findSession(sql, 'ses_1')))?.generation).toBe(1)
  })

  test('a lease has one holder until it ends, and then another', async () => {
    const db = await open()
    const take = (now: number) =>
      race(db, (trx, racer) => takeLease(trx, { name: 'sealer', holder: `${now} ${racer}`, now, expiresAt: now + 100 }))

    const [first, during, after] = [await take(NOW), await take(NOW + 99), await take(NOW + 100)]

    expect([wins(first), wins(during), wins(after)]).toEqual([1, 0, 1])
  })

  test('an address belongs to one user', async () => {
    const db = await open()
    const nobody = { email: 'ada@example.com', emailTyped: 'ada@example.com', name: null, emailVerifiedAt: null }

    const inserted = await race(db, (trx, racer) => insertUser(trx, { id: `usr_${racer}`, ...nobody, createdAt: NOW }))

    expect(wins(inserted)).toBe(1)
  })

  test('a user is disabled', async () => {
    const db = await open()
    await addUser(db, 'usr_1')

    expect(wins(await race(db, (trx) => markUserDisabled(trx, { id: 'usr_1', now: NOW, reason: null })))).toBe(1)
  })

  test('a device is remembered', async () => {
    const db = await open()
    await addUser(db, 'usr_1')
    const device = { userId: 'usr_1', deviceDigest: 'digest', expiresAt: LATER, most: 10 }

    const remembered = await race(db, (trx, racer) => rememberDevice(trx, { ...device, now: NOW + racer }))

    expect(wins(remembered)).toBe(1)
  })

  test('a due mail is claimed by one worker, again after its lease, and only the last claim decides', async () => {
    const db = await open()
    await addMails(db, 5)
    const claim = async (now: number) => {
      const claims = await race(db, (trx) =>
        claimMail(trx, { owner: 'node_1', now, leaseUntil: now + 100, longestMs: 1000 }),
      )
      return claims.filter((mail) => mail !== undefined)
    }

    const first = (await claim(NOW)).map(({ id }) => id)
    const second = await claim(NOW + 100)
    const end = { id: 'msg_000', now: NOW + 101, error: null }
    const late = await db.write((trx) => finishOutbox(trx, { ...end, tries: 1, state: 'failed' }))
    const postponed = await db.write((trx) => postponeOutbox(trx, { ...end, tries: 1, dueAt: 0, error: '' }))
    const done = await db.write((trx) => finishOutbox(trx, { ...end, tries: 2, state: 'sent' }))

    expect([first.length, new Set(first).size]).toEqual([5, 5])
    expect(second.map(({ tries }) => tries)).toEqual(Array.from({ length: 5 }, () => 2))
    expect([late, postponed, done]).toEqual([false, false, true])
  })
})
