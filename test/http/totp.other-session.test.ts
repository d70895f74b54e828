import { describe, expect, test } from 'vitest'
import { totpCode } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

/** Two fresh sessions of Ada: her own, and one of somebody who reads her mailbox. */
async function twoSessions(database: 'sqlite' | 'postgres'): Promise<{ authd: Authd; ada: Browser; thief: Browser }> {
  const authd = await startAuthd({ database })
  const ada = authd.browser()
  const thief = authd.browser()
  await signInOnPage(authd, ada)
  await signInOnPage(authd, thief)
  return { authd, ada, thief }
}

/** The secret of the app that the page of this browser shows. Empty if it shows none. */
async function shownSecret(browser: Browser): Promise<string> {
  const { body } = await browser.get('/account/totp/setup')
  return (/(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec(body)?.[0] ?? '').replaceAll(' ', '')
}

const confirm = async (browser: Browser, code: string): Promise<number> =>
  (await browser.post('/v1/me/totp/confirm', { json: { code } })).status

describe.each(['sqlite', 'postgres'] as const)('an authenticator app that one session sets up (%s)', (database) => {
  test('is not shown to another fresh session of the user, before and after a wrong code', async () => {
    const { ada, thief } = await twoSessions(database)
    await ada.post('/account/totp/setup', { form: {} })

    const own = await shownSecret(ada)
    const theirs = await shownSecret(thief)
    const afterWrong = await thief.post('/account/totp', { form: { code: '000000' } })

    expect(own).toMatch(/^[A-Z2-7]{32}$/)
    expect(theirs).toBe('')
    expect(afterWrong.body.replaceAll(' ', '')).not.toContain(own)
  })

  test('is confirmed by no other session of the user, even with a right code', async () => {
    const { authd, ada, thief } = await twoSessions(database)
    const { body } = await ada.post('/v1/me/totp')

    const theirs = await confirm(thief, totpCode(authd, body.secret))
    const own = await confirm(ada, totpCode(authd, body.secret))

    expect([theirs, own]).toEqual([401, 200])
  })

  test('ends when another session begins one, so that a code confirms only the app that its own session saw', async () => {
    const { authd, ada, thief } = await twoSessions(database)
    const own = (await ada.post('/v1/me/totp')).body.secret
    const theirs = (await thief.post('/v1/me/totp')).body.secret

    const statuses = [await confirm(ada, totpCode(authd, own)), await confirm(ada, totpCode(authd, theirs))]

    expect(statuses).toEqual([401, 401])
    expect(await shownSecret(ada)).toBe('')
  })
})
