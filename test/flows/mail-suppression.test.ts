import { describe, expect, test } from 'vitest'
import { explainSignIn } from '../../src/flows/operator/explain.ts'
import {
  clearSuppression,
  isSuppressed,
  listSuppressed,
  type MailRefusal,
  noteAccepted,
  noteRefusal,
} from '../../src/flows/outbox/suppression.ts'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { DAY, HOUR, MINUTE } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

const ADDRESS = 'ada@example.com'
const GONE = { response: '550 5.1.1 <a…@example.com>: user unknown', enhancedCode: '5.1.1' }
const OPERATOR = { id: 'cli:root@host', ip: null, userAgent: null, requestId: null }

const refuse = (authd: Authd, refusal: Omit<MailRefusal, 'address'> = GONE) =>
  authd.deps.db.write((trx) => noteRefusal(authd.deps, trx, { address: ADDRESS, ...refusal }))

async function refuseEvery(
  authd: Authd,
  times: number,
  apartMs: number,
  refusal: Omit<MailRefusal, 'address'> = GONE,
): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    authd.clock.advance(apartMs)
    await refuse(authd, refusal)
  }
}

const isHeld = (authd: Authd, address = ADDRESS) => authd.deps.db.read((sql) => isSuppressed(authd.deps, sql, address))

describe.each(['sqlite', 'postgres'] as const)('on %s', (database) => {
  test('the third permanent rejection suppresses mail to this address for 7 days', async () => {
    const authd = await startAuthd({ database })
    await refuseEvery(authd, 2, HOUR)
    const afterTwo = await isHeld(authd)

    await refuseEvery(authd, 1, HOUR)

    expect([afterTwo, await isHeld(authd), await isHeld(authd, 'bob@example.com')]).toEqual([false, true, false])
    authd.clock.advance(7 * DAY - 1)
    expect(await isHeld(authd)).toBe(true)
    authd.clock.advance(1)
    expect(await isHeld(authd)).toBe(false)
  })

  test('one more rejection after the 7 days suppresses mail again', async () => {
    const authd = await startAuthd({ database })
    await refuseEvery(authd, 3, HOUR)

    await refuseEvery(authd, 1, 7 * DAY)

    expect(await isHeld(authd)).toBe(true)
  })

  test('many rejections within an hour count as one, also across processes', async () => {
    const authd = await startAuthd({ database })
    await refuseEvery(authd, 1, HOUR)

    await Promise.all(Array.from({ length: 10 }, () => refuse(authd)))
    await refuseEvery(authd, 1, HOUR - MINUTE)

    expect(await isHeld(authd)).toBe(false)
  })
})

test('rejections a month apart do not add up', async () => {
  const authd = await startAuthd()

  await refuseEvery(authd, 5, 30 * DAY)

  expect(await isHeld(authd)).toBe(false)
})

test('an accepted mail in between resets the count', async () => {
  const authd = await startAuthd()
  await refuseEvery(authd, 2, HOUR)

  await authd.deps.db.write((trx) => noteAccepted(trx, ADDRESS))
  await refuseEvery(authd, 2, HOUR)

  expect(await isHeld(authd)).toBe(false)
})

test.for([
  ['552 5.2.2 mailbox full', '5.2.2'],
  ['550 5.7.1 message refused by policy', '5.7.1'],
  ['550 5.7.26 unauthenticated mail', '5.7.26'],
  ['550 5.1.8 bad sender address', '5.1.8'],
  ['550 5.1.7 bad sender', '5.1.7'],
  ['554 5.4.6 routing loop', '5.4.6'],
  ['550 5.7.1 user unknown to spam filter', '5.7.1'],
  ['550 relay access denied', undefined],
  ['550 your address is on a block list', undefined],
  ['554 no such user', undefined],
] as const)('does not count against the address: %s', async ([response, enhancedCode]) => {
  const authd = await startAuthd()

  await refuseEvery(authd, 5, HOUR, { response, enhancedCode })

  expect(await isHeld(authd)).toBe(false)
})

test.for([
  ['550 5.1.1 unknown', '5.1.1'],
  ['553 5.1.3 bad address', '5.1.3'],
  ['556 5.1.10 null MX', '5.1.10'],
  ['550 5.2.1 account is disabled', '5.2.1'],
  ['550 No such user here', undefined],
  ['551 mailbox does not exist', undefined],
] as const)('counts against the address: %s', async ([response, enhancedCode]) => {
  const authd = await startAuthd()

  await refuseEvery(authd, 3, HOUR, { response, enhancedCode })

  expect(await isHeld(authd)).toBe(true)
})

test('start and end of a suppression are in the audit log, and an operator can list it', async () => {
  const authd = await startAuthd()
  await refuseEvery(authd, 3, HOUR)
  const {
    rows: [listed],
  } = await listSuppressed(authd.deps, { limit: 10 })

  const cleared = await clearSuppression(authd.deps, OPERATOR, 'Ada@EXAMPLE.com')

  expect(listed).toMatchObject({ address: ADDRESS, refusals: 3, response: GONE.response })
  expect(cleared).toEqual({ address: ADDRESS, isChanged: true })
  expect(await isHeld(authd)).toBe(false)
  expect(await listSuppressed(authd.deps, { limit: 10 })).toMatchObject({ rows: [] })
  expect((await authd.auditLog()).slice(-2)).toMatchObject([
    { eventType: 'mail.suppressed', actor: 'system', email: ADDRESS, metadata: { refusals: 3, days: 7 } },
    { eventType: 'mail.unsuppressed', actor: 'cli:root@host', email: ADDRESS },
  ])
})

test('clearing an address that is not suppressed changes nothing and is not audited', async () => {
  const authd = await startAuthd()
  const before = (await authd.auditLog()).length

  const cleared = await clearSuppression(authd.deps, OPERATOR, 'nobody@example.com')

  expect(cleared.isChanged).toBe(false)
  expect(await authd.auditLog()).toHaveLength(before)
})

test('explain names the suppression and the command that clears it', async () => {
  const authd = await startAuthd()
  await refuseEvery(authd, 3, HOUR)

  const { verdict, checks } = await explainSignIn(authd.deps, ADDRESS, {})

  expect(verdict).toBe('cannot')
  expect(checks).toContainEqual({
    id: 'mail',
    status: 'fail',
    detail: expect.stringContaining('refused the address 3 times (550 5.1.1 <a…@example.com>: user unknown)'),
    fix: `authd suppressions clear ${ADDRESS}`,
  })
})

test('housekeeping deletes an address 30 days after its last rejection', async () => {
  const authd = await startAuthd()
  await refuseEvery(authd, 1, HOUR)
  const count = () => authd.deps.db.read((sql) => sql.all('SELECT address FROM mail_suppressions'))

  authd.clock.advance(30 * DAY)
  await deleteOldRows(authd.deps)
  const kept = await count()
  authd.clock.advance(1)
  await deleteOldRows(authd.deps)

  expect([kept.length, (await count()).length]).toEqual([1, 0])
})
