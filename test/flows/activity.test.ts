import { describe, expect, test } from 'vitest'
import { keepDays, readActivity } from '../../src/flows/operator/daily-counts.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { DAY, HOUR } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { firstId, systemRandom } from '../../src/platform/random.ts'
import { presentDay, presentMethods } from '../../src/resources/activity.ts'
import type { Db, Sql } from '../../src/store/db.ts'
import { fakeClock } from '../support/fakes.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, signInForTokens } from '../support/people.ts'

/** Notes the statements that count events. */
const noting = (sql: Sql, counted: unknown[]): Sql => ({
  ...sql,
  all: (text, values) => {
    if (/FROM audit_logs/.test(text)) counted.push(values)
    return sql.all(text, values)
  },
})

const NOTHING = { sign_ins: 0, failures: 0, sign_ups: 0, sessions_created: 0, sessions_revoked: 0, lockouts: 0 }

describe.each(['sqlite', 'postgres'] as const)('activity by day (%s)', (database) => {
  test('counts each action on its day in UTC, and includes empty days', async () => {
    const authd = await startAuthd({ database, now: Date.UTC(2026, 10, 23, 23, 59) })
    const { sessionId } = await signInForTokens(authd)
    authd.clock.set(Date.UTC(2026, 10, 25))
    const { attemptToken } = await askForCode(authd, 'bob@example.com')
    await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
    await revokeByOperator(authd.deps, SYSTEM, { ids: [sessionId] })
    authd.mailer.failure = new MailError('550 no such mailbox', { isPermanent: true })
    await askForCode(authd, 'eve@example.com')

    const days = await readActivity(authd.deps, Date.UTC(2026, 10, 23))

    expect(days.map(presentDay)).toEqual([
      {
        ...{ date: '2026-11-23', ...NOTHING, sign_ins: 1, sign_ups: 1, sessions_created: 1 },
        ...{ mails_sent: 1, mails_failed: 0 },
      },
      { date: '2026-11-24', ...NOTHING, mails_sent: 0, mails_failed: 0 },
      { date: '2026-11-25', ...NOTHING, failures: 1, sessions_revoked: 1, mails_sent: 1, mails_failed: 2 },
    ])
    expect(presentMethods(days)).toEqual([
      { method: 'email_code', sign_ins: 1, failures: 1, sign_ins_by_day: [1, 0, 0] },
    ])
  })

  test('counts the events of a day that is over once, for all processes', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    authd.clock.advance(DAY)
    await signInForTokens(authd, 'bob@example.com')
    const since = authd.clock.now() - 2 * DAY
    const before = await readActivity(authd.deps, since)

    await keepDays(authd.deps)
    await keepDays((await authd.another()).deps)
    const counted: unknown[] = []
    const db: Db = { ...authd.deps.db, read: (work) => authd.deps.db.read((sql) => work(noting(sql, counted))) }
    const after = await readActivity({ ...authd.deps, db }, since)

    expect(after).toEqual(before)
    expect(after.map(({ signIns }) => signIns)).toEqual([1, 1])
    expect(counted).toHaveLength(1)
  })

  test('counts a day again that a clock which was ahead had counted too early', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    authd.clock.advance(2 * DAY)
    await keepDays(authd.deps)
    authd.clock.advance(-2 * DAY)
    await signInForTokens(authd, 'bob@example.com')

    const [today] = await readActivity(authd.deps, authd.clock.now())

    expect(today?.signIns).toBe(2)
  })

  test('omits mails of days beyond their retention, and counts only today for an hour', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    authd.clock.advance(40 * DAY)

    const days = await readActivity(authd.deps, authd.clock.now() - 41 * DAY)
    const lastHour = await readActivity(authd.deps, authd.clock.now() - HOUR)

    expect(days.map(presentDay)[0]).toMatchObject({ date: '2026-11-25', sign_ins: 1, mails_sent: null })
    expect(days.at(-1)).toMatchObject({ mailsSent: 0, signIns: 0 })
    expect(lastHour.map(presentDay)).toMatchObject([{ date: '2027-01-04', sign_ins: 0 }])
  })
})

test('an id lies between the first of its millisecond and the first of the next millisecond', async () => {
  const clock = fakeClock()
  const random = systemRandom(clock)

  const ids = Array.from({ length: 1000 }, () => random.id('evt'))

  expect(ids.every((id) => firstId('evt', clock.now()) <= id && id < firstId('evt', clock.now() + 1))).toBe(true)
})
