import { describe, expect, test } from 'vitest'
import { resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { DAY, MINUTE } from '../../src/platform/clock.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { enrolTotp } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'
import { watchUnits } from '../support/units.ts'

/** Copies the user's newest session this often, under newer ids. */
async function addSessions(authd: Authd, count: number, { revokedAt }: { revokedAt: number | null }): Promise<void> {
  const newer = authd.deps.random.id('ses').slice(0, -4)
  await authd.deps.db.write(async (trx) => {
    const [newest] = await listSessions(trx, {}, 1)
    await trx.run(
      `WITH RECURSIVE numbers(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000 + ${count - 1})
       INSERT INTO sessions (id, user_id, delivery, secret_digest, amr, aal, is_enrolment_due, auth_time, created_at,
         last_seen_at, idle_expires_at, expires_at, generation, refresh_salt, refreshed_at, epoch, revoked_at)
       SELECT '${newer}' || n, user_id, delivery, 'copy ' || n, amr, aal, is_enrolment_due, auth_time, created_at,
         last_seen_at, idle_expires_at, expires_at, generation, refresh_salt, refreshed_at, epoch,
         ${revokedAt ?? 'NULL'} FROM numbers, sessions WHERE id = ?`,
      [newest?.id ?? ''],
    )
  })
}

describe.each(['sqlite', 'postgres'] as const)('a user with more than a thousand sessions, on %s', (database) => {
  test.each([
    ['ended', 1],
    ['live', null],
  ])('SECURITY: a removed factor no longer counts in the oldest, if the newer ones are %s', async (_, revokedAt) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await enrolTotp(authd, browser)
    authd.clock.advance(MINUTE)
    await addSessions(authd, 1001, { revokedAt })

    await resetTotp(authd.deps, SYSTEM, await resolveUser(authd.deps, ADA))

    expect((await browser.get('/v1/session')).body.session).toMatchObject({ amr: ['email'], aal: 1 })
  })

  test('keeps the one that was used last once there is a maximum, however old it is', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await addSessions(authd, 1001, { revokedAt: null })
    authd.clock.advance(2 * MINUTE)
    await browser.get('/v1/session')
    const limited = await authd.another({ session: { max_per_user: 2 } })

    await signInOnPage(limited, limited.browser())

    expect((await browser.get('/v1/session')).status).toBe(200)
  })

  test('has a thousand after the next sign-in, whether expired or not, so that ending them all is one bounded unit', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await addSessions(authd, 600, { revokedAt: null })
    authd.clock.advance(60 * DAY)
    await signInOnPage(authd, browser)
    await addSessions(authd, 600, { revokedAt: null })
    await signInOnPage(authd, browser)
    const { db, largest } = watchUnits(authd.deps.db)
    authd.deps.db = db

    await browser.post('/v1/logout?scope=all')

    // Each with its event.
    expect(largest()).toBeGreaterThan(1000)
    expect(largest()).toBeLessThan(2 * 1000 + 10)
    expect((await browser.get('/v1/session')).status).toBe(401)
  })
})
