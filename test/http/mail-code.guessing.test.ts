import { describe, expect, test } from 'vitest'
import { unlockUsers } from '../../src/flows/policy/lockout-admin.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { DAY, SECOND } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInOnPage } from '../support/people.ts'

async function guess(authd: Authd, attemptToken: string, code: string): Promise<number> {
  return (await authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } })).status
}

function wrong(code: string): string {
  return code === '000000' ? '000001' : '000000'
}

/** Uses up the daily limit of a user: four attempts with five wrong codes each. */
async function exhaust(authd: Authd, email = ADA): Promise<void> {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    const { attemptToken, code } = await askForCode(authd, email)
    for (let tries = 0; tries < 5; tries += 1) await guess(authd, attemptToken, wrong(code))
  }
}

describe.each(['sqlite', 'postgres'] as const)('guessing a mail’s code on %s', (database) => {
  test('five wrong codes invalidate the code, but not the link', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    const { attempt, token, code } = await askOnPage(authd, browser)

    const guesses = []
    for (let tries = 0; tries < 5; tries += 1) {
      guesses.push((await browser.post('/signin/code', { form: { attempt, code: wrong(code) } })).status)
    }
    const right = await browser.post('/signin/code', { form: { attempt, code } })
    const byLink = await browser.post('/signin/link', { form: { attempt, token } })

    expect(guesses).toEqual([401, 401, 401, 401, 401])
    expect(right.status).toBe(401)
    expect(byLink.status).toBe(303)
  })

  test('of two hundred concurrent guesses, five are compared', async () => {
    const authd = await startAuthd({ database })
    const { attemptToken, code } = await askForCode(authd)

    await Promise.all(Array.from({ length: 200 }, () => guess(authd, attemptToken, wrong(code))))

    const failures = (await authd.auditLog()).filter((row) => row.eventType === 'user.authentication_failed')
    expect(failures).toHaveLength(5)
  })

  test('after twenty wrong codes in a day, unknown devices get long codes, and nobody is locked out', async () => {
    const authd = await startAuthd({ database })
    await exhaust(authd)

    const { attemptToken, code } = await askForCode(authd)
    const typed = code.toLowerCase().replaceAll('-', ' ')
    const signedIn = await guess(authd, attemptToken, typed)

    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(signedIn).toBe(200)
  })
})

test('a short code from before the daily limit is rejected after it, even if right', async () => {
  const authd = await startAuthd()
  const early = await askForCode(authd)
  await exhaust(authd)

  const status = await guess(authd, early.attemptToken, early.code)

  expect(status).toBe(401)
})

test('SECURITY: above the daily limit, guesses at a code without tries left make no room for others', async () => {
  const authd = await startAuthd()
  const early = await askForCode(authd)
  const dead = await askForCode(authd)
  for (let tries = 0; tries < 5; tries += 1) await guess(authd, dead.attemptToken, wrong(dead.code))
  await exhaust(authd)

  for (let tries = 0; tries < 5; tries += 1) await guess(authd, dead.attemptToken, wrong(dead.code))

  expect(await guess(authd, early.attemptToken, early.code)).toBe(401)
})

test('the digest of a code is worth nothing in the row of another attempt', async () => {
  const authd = await startAuthd()
  const own = await askForCode(authd, 'eve@example.com')
  const victims = await askForCode(authd, ADA)
  const idOf = ({ attemptToken }: { attemptToken: string }) => attemptToken.split('.')[0] ?? ''
  const copy = 'UPDATE signin_attempts SET code_mac = (SELECT code_mac FROM signin_attempts WHERE id = ?) WHERE id = ?'
  await authd.deps.db.write((trx) => trx.run(copy, [idOf(own), idOf(victims)]))

  const statuses = [await guess(authd, victims.attemptToken, own.code), await guess(authd, own.attemptToken, own.code)]

  expect(statuses).toEqual([401, 200])
})

test('a known device keeps short codes and its own limit', async () => {
  const authd = await startAuthd()
  const laptop = authd.browser()
  await signInOnPage(authd, laptop)
  await exhaust(authd)

  const { attempt, code } = await askOnPage(authd, laptop)
  const done = await laptop.post('/signin/code', { form: { attempt, code } })

  expect(code).toMatch(/^\d{6}$/)
  expect(done.status).toBe(303)
})

test('the limit resets after a day', async () => {
  const authd = await startAuthd()
  await exhaust(authd)
  authd.clock.advance(DAY + SECOND)

  const { code } = await askForCode(authd)

  expect(code).toMatch(/^\d{6}$/)
})

test.each([
  ['known for a year', 365 * DAY - SECOND, /^\d{6}$/],
  ['unknown after a year', 365 * DAY, /^\w{4}-/],
])('a device without a sign-in is %s', async (_, ms, wanted) => {
  const authd = await startAuthd()
  const laptop = authd.browser()
  await signInOnPage(authd, laptop)
  authd.clock.advance(ms)
  await exhaust(authd)

  const { code } = await askOnPage(authd, laptop)

  expect(code).toMatch(wanted)
})

test('unlocking a user leaves the wrong codes of others counted', async () => {
  const authd = await startAuthd()
  await signInOnPage(authd, authd.browser())
  await exhaust(authd)
  await exhaust(authd, 'zoe@example.com')

  await unlockUsers(authd.deps, SYSTEM, [ADA])

  expect((await askForCode(authd)).code).toMatch(/^\d{6}$/)
  expect((await askForCode(authd, 'zoe@example.com')).code).toMatch(/^\w{4}-/)
})
