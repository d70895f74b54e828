import { expect, test } from 'vitest'
import { deleteOldRows } from '../../src/flows/upkeep/housekeeping.ts'
import { DAY, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { askForCode, signInForTokens, signInOnPage } from '../support/people.ts'

const TABLES = [
  'signin_attempts',
  'sessions',
  'outbox',
  'outbox_tries',
  'devices',
  'failed_attempts',
  'users',
  'signing_keys',
]

async function counts(authd: Authd): Promise<Record<string, number>> {
  return await authd.deps.db.read(async (sql) => {
    const found: Record<string, number> = {}
    for (const table of TABLES)
      found[table] = Number((await sql.one<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n)
    return found
  })
}

async function live(authd: Authd): Promise<void> {
  await signInOnPage(authd, authd.browser())
  await signInForTokens(authd, 'bob@example.com')
  const { attemptToken } = await askForCode(authd)
  await authd.browser().post('/v1/signin/code', { json: { code: '000000', attempt_token: attemptToken } })
}

test.each(['sqlite', 'postgres'] as const)('expired rows are deleted, and others are kept (%s)', async (database) => {
  const authd = await startAuthd({ database })
  await live(authd)
  const start = await counts(authd)

  await deleteOldRows(authd.deps)
  const atOnce = await counts(authd)
  authd.clock.advance(DAY + 11 * MINUTE)
  await deleteOldRows(authd.deps)
  const nextDay = await counts(authd)
  authd.clock.advance(400 * DAY)
  await deleteOldRows(authd.deps)
  const nextYear = await counts(authd)

  expect(Object.values(start).every((count) => count > 0)).toBe(true)
  expect(atOnce).toEqual(start)
  expect(nextDay).toEqual({ ...start, signin_attempts: 0 })
  expect(nextYear).toMatchObject({ sessions: 0, outbox: 0, outbox_tries: 0, devices: 0, failed_attempts: 0 })
  expect(nextYear).toMatchObject({ users: 2, signing_keys: 2 })
})

test('more rows than one batch are deleted', async () => {
  const authd = await startAuthd()
  await authd.deps.db.write(async (trx) => {
    for (let n = 0; n < 1200; n += 1) {
      await trx.run(
        `INSERT INTO signin_attempts (id, secret_digest, deliver, lang, created_at, expires_at, code_tries)
         VALUES (?, '', 'tokens', 'en', 0, 1, 0)`,
        [`att_${n}`],
      )
    }
  })

  await deleteOldRows(authd.deps)

  expect((await counts(authd))['signin_attempts']).toBe(0)
})

test.each(['sqlite', 'postgres'] as const)(
  'audit events are kept for 400 days, newer ones longer (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    const old = (await authd.auditLog()).map(({ id }) => id)
    authd.clock.advance(MINUTE)
    await signInForTokens(authd, 'bob@example.com')
    const all = (await authd.auditLog()).map(({ id }) => id)
    authd.clock.advance(400 * DAY - 2 * MINUTE)
    await deleteOldRows(authd.deps)
    const before = (await authd.auditLog()).map(({ id }) => id)
    authd.clock.advance(MINUTE + SECOND)
    await deleteOldRows(authd.deps)

    const after = (await authd.auditLog()).map(({ id }) => id)

    expect(old.length).toBeGreaterThan(0)
    expect(before).toEqual(all)
    expect(after).toEqual(all.filter((id) => !old.includes(id)))
  },
)
