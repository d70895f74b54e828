import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { redeemCode } from '../../src/flows/signin/redeem.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import type { Db, Trx } from '../../src/store/db.ts'
import { listSessions } from '../../src/store/sessions.ts'
import { countUsers } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInForTokens } from '../support/people.ts'
import { until } from '../support/until.ts'

const OPERATOR = { id: 'cli:test@host', ip: null, userAgent: null, requestId: null }

async function prepareSignIns(authd: Authd, count: number) {
  const attempts = []
  for (let n = 0; n < count; n += 1) attempts.push(await askForCode(authd))
  const origin = { ...OPERATOR, id: 'anonymous' }
  return attempts.map(
    ({ attemptToken: token, code }) =>
      () =>
        redeemCode(authd.deps, origin, { code, holding: { token, cookies: [] } }).catch((error: unknown) => error),
  )
}

/** Counts the units that run from now on. A unit that hits a deadlock runs again. */
function countRuns(authd: Authd): () => number {
  const { db } = authd.deps
  let runs = 0
  const counted = <Result>(unit: (trx: Trx) => Promise<Result>) =>
    db.write((trx) => {
      runs += 1
      return unit(trx)
    })
  authd.deps.db = { ...db, write: counted }
  return () => runs
}

/** Pauses units that have executed a statement that begins like this, until `letGo` is called. */
function pausingAfter(db: Db, statement: string) {
  const reached = Promise.withResolvers<void>()
  const letGo = Promise.withResolvers<void>()
  const paused: Db = {
    ...db,
    write: (unit) =>
      db.write(async (trx) => {
        let isSent = false
        const note = (text: string) => {
          isSent ||= text.startsWith(statement)
        }
        const send: Trx['send'] = (text, values) => {
          note(text)
          trx.send(text, values)
        }
        const run: Trx['run'] = (text, values) => {
          note(text)
          return trx.run(text, values)
        }
        const result = await unit({ ...trx, run, send })
        if (isSent) {
          // Its answer says that the statements before it were executed.
          await trx.one('SELECT 1 AS one')
          reached.resolve()
          await letGo.promise
        }
        return result
      }),
  }
  return { db: paused, reached: reached.promise, letGo: letGo.resolve }
}

/** On PostgreSQL, waits until a unit waits for a lock. On SQLite, units wait in a queue anyway. */
async function untilOneWaits({ db }: Authd['deps']): Promise<void> {
  if (db.dialect === 'sqlite') return
  await until(async () => {
    expect(await db.read((sql) => sql.one('SELECT 1 AS one FROM pg_locks WHERE NOT granted LIMIT 1'))).toBeDefined()
  })
}

async function liveSessions(authd: Authd): Promise<number> {
  const liveAt = authd.clock.now()
  return (await authd.deps.db.read((sql) => listSessions(sql, { liveAt }, 100))).length
}

describe.each(['sqlite', 'postgres'] as const)('SECURITY: disabling and deleting on %s', (database) => {
  test('no session survives disabling its user while twenty sign-ins run', async () => {
    const authd = await startAuthd({ database })
    const before = await signInForTokens(authd)
    const signIns = await prepareSignIns(authd, 20)
    const user = await resolveUser(authd.deps, ADA)

    const racing = signIns.map((signIn) => signIn())
    authd.clock.advance(1)
    await disableUser(authd.deps, OPERATOR, user, 'test')
    await Promise.all(racing)

    expect(await liveSessions(authd)).toBe(0)
    const refresh = await authd.browser().post('/v1/token/refresh', { json: { refresh_token: before.refreshToken } })
    expect(refresh.status).toBe(401)
  })

  test.each(['UPDATE signin_attempts SET used_at', 'UPDATE users SET last_seen_at', 'INSERT INTO sessions'])(
    'a sign-in that runs (%s) while its user is disabled gets no session',
    async (statement) => {
      const authd = await startAuthd({ database })
      await signInForTokens(authd)
      const { attemptToken: token, code } = await askForCode(authd)
      const user = await resolveUser(authd.deps, ADA)
      const runs = countRuns(authd)

      const paused = pausingAfter(authd.deps.db, statement)
      const signingIn = redeemCode({ ...authd.deps, db: paused.db }, OPERATOR, {
        code,
        holding: { token, cookies: [] },
      })
      await paused.reached
      const disabling = disableUser(authd.deps, OPERATOR, user, null)
      await Promise.race([untilOneWaits(authd.deps), disabling])
      paused.letGo()
      const [{ sessionsEnded }] = await Promise.all([disabling, signingIn])

      expect(sessionsEnded).toBe(2)
      expect(await liveSessions(authd)).toBe(0)
      expect(runs()).toBe(2)
    },
  )

  test('no session and no new user survives a deletion while twenty sign-ins run', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    const signIns = await prepareSignIns(authd, 20)
    const user = await resolveUser(authd.deps, ADA)

    const racing = signIns.map((signIn) => signIn())
    // The sign-ins that wait for the user's row started before it was deleted.
    authd.clock.advance(1)
    await removeUser(authd.deps, OPERATOR, user)
    await Promise.all(racing)

    expect(await liveSessions(authd)).toBe(0)
    expect(await authd.deps.db.read((sql) => countUsers(sql, {}))).toBe(0)
  })
})

describe.each(['sqlite', 'postgres'] as const)('guesses of strangers on %s', (database) => {
  test('run beside step-ups of the user without a deadlock', async () => {
    const authd = await startAuthd({ database })
    const { accessToken: bearer } = await signInForTokens(authd)
    const strangers = []
    for (let n = 0; n < 8; n += 1) strangers.push((await askForCode(authd)).attemptToken)
    await authd.browser().post('/v1/stepup/email', { bearer })
    await authd.takeMail()
    const runs = countRuns(authd)

    const wrong = { code: '000000' }
    await Promise.all(
      strangers.flatMap((attempt_token) => [
        authd.browser().post('/v1/signin/code', { json: { ...wrong, attempt_token } }),
        authd.browser().post('/v1/stepup/code', { bearer, json: wrong }),
      ]),
    )

    // A guess is also counted against its address, in a unit of its own.
    expect(runs()).toBe(4 * strangers.length)
  })
})

describe.each(['sqlite', 'postgres'] as const)('a new address on %s', (database) => {
  test('becomes one user when twenty of its codes are typed at once, without a deadlock', async () => {
    const authd = await startAuthd({ database })
    const signIns = await prepareSignIns(authd, 20)
    const runs = countRuns(authd)

    await Promise.all(signIns.map((signIn) => signIn()))

    expect(await liveSessions(authd)).toBe(20)
    expect(await authd.deps.db.read((sql) => countUsers(sql, {}))).toBe(1)
    // Who waited for the first one starts once more, with the user that it made. After a deadlock there would be more.
    expect(runs()).toBeLessThanOrEqual(2 * 20 - 1)
  })
})

test('SECURITY: disabling a user invalidates link, code, refresh token, cookie and the waiting mail', async () => {
  const authd = await startAuthd()
  const tokens = await signInForTokens(authd)
  const browser = authd.browser()
  const { token, attempt } = await askOnPage(authd, browser)
  const waiting = await authd.browser().post('/v1/signin', { json: { email: ADA } })

  await disableUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA), null)

  const link = await browser.post('/signin/link', { form: { token, attempt } })
  const another = await authd
    .browser()
    .post('/v1/signin/email', { json: { attempt_token: waiting.body.attempt_token } })
  const session = await authd.browser().get('/v1/session', { bearer: tokens.accessToken })
  expect([link.status, another.status, session.status]).toEqual([410, 410, 401])
  expect(await authd.takeMail()).toEqual([])
})
