import { describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE, SECOND } from '../../src/platform/clock.ts'
import { deviceFor, enrolPasskey, enrolTotp, signInWithPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const NEW = 'ada@example.org'

/** Changes the address of the signed-in user. Returns the mail to the former address. */
async function changeTo(authd: Authd, browser: Browser, email: string) {
  const asked = await browser.post('/v1/me/email', { json: { email } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  const changed = await browser.post('/v1/me/email/confirm', { json: { code } })
  const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
  const token = new URL(told?.values['link'] ?? 'http://no.link').searchParams.get('token') ?? ''
  return { asked, changed, told, token }
}

describe.each(['sqlite', 'postgres'] as const)('a change of address on %s', (database) => {
  test('needs a code from the new address, notifies the former one, and renews the session', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const old = browser.cookies.get('authd')

    const { asked, changed, told } = await changeTo(authd, browser, NEW)
    const me = await browser.get('/v1/me')
    const withOld = await authd.browser().get('/v1/me', { headers: { Cookie: `authd=${old}` } })

    expect([asked.status, changed.status]).toEqual([202, 200])
    expect(told).toMatchObject({ to: ADA, values: { new_email_masked: 'a…@example.org', expires_days: '7' } })
    expect(me.body).toMatchObject({ email: NEW, email_verified: true })
    expect(withOld.status).toBe(401)
  })

  test('can be undone for 7 days with a code sent to the former address, which ends every session', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    const owner = authd.browser()
    const { token } = await changeTo(authd, thief, 'thief@example.org')
    const device = deviceFor(authd)
    await enrolPasskey(thief, device)
    await authd.takeMail()
    authd.clock.advance(6 * DAY)

    const page = await owner.get(`/restore-email?token=${token}`)
    const sent = await owner.post('/restore-email', { form: { token } })
    const mail = await authd.takeProofMail()
    const wrong = await owner.post('/restore-email/code', { form: { token, code: '000000' } })
    const restored = await owner.post('/restore-email/code', { form: { token, code: mail?.values['code'] ?? '' } })
    const again = await owner.get(`/restore-email?token=${token}`)

    expect(page.body).toContain('t…@<wbr>example.<wbr>org')
    expect([sent.status, wrong.status, restored.status, again.status]).toEqual([200, 401, 303, 410])
    expect(mail).toMatchObject({ to: ADA, template: 'email_restore' })
    expect((await thief.get('/v1/session')).status).toBe(401)
    expect((await signInWithPasskey(authd.browser(), device)).status).toBe(401)
    await signInOnPage(authd, owner)
    expect((await owner.get('/v1/me')).body.email).toBe(ADA)
  })

  test.each([
    ['20 seconds behind that of the instance which changed the address', -20 * SECOND],
    ['right, while that of the instance which changed the address was a day ahead', -DAY],
  ])('can be undone with every factor of a thief, enrolled where the clock is %s', async (_, apartMs) => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    const { token } = await changeTo(authd, thief, 'thief@example.org')
    // As the other instance dates it.
    await authd.deps.db.write((trx) =>
      trx.run('UPDATE email_changes SET changed_at = changed_at - ?, restorable_until = restorable_until - ?', [
        apartMs,
        apartMs,
      ]),
    )
    await enrolPasskey(thief, deviceFor(authd))
    await enrolTotp(authd, thief)
    await authd.takeMail()

    const page = await authd.browser().get(`/restore-email?token=${token}`)
    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const restored = await authd.browser().post('/restore-email/code', { form: { token, code } })
    const left = await authd.deps.db.read((sql) =>
      sql.all(
        'SELECT user_id FROM passkeys UNION ALL SELECT user_id FROM totp_secrets UNION ALL SELECT user_id FROM recovery_codes',
      ),
    )

    expect([page.status, restored.status]).toEqual([200, 303])
    expect(left).toEqual([])
  })

  test('drops no factor of 200 days when undone, also if the clock was an hour ahead at the change', async () => {
    const authd = await startAuthd({ database })
    const device = deviceFor(authd)
    const owner = authd.browser()
    await signInOnPage(authd, owner)
    await enrolPasskey(owner, device)
    authd.clock.advance(200 * DAY)
    const thief = authd.browser()
    await signInWithPasskey(thief, device)
    await authd.takeMail()
    authd.clock.advance(HOUR)
    await signInWithPasskey(thief, device)
    const { token } = await changeTo(authd, thief, 'thief@example.org')
    authd.clock.advance(MINUTE - HOUR)

    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const restored = await authd.browser().post('/restore-email/code', { form: { token, code } })
    const left = await authd.deps.db.read((sql) => sql.all('SELECT id FROM passkeys'))

    expect(restored.status).toBe(303)
    expect(left).toHaveLength(1)
  })

  test('can be undone although later changes are dated earlier, and their ways back end', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    const { token } = await changeTo(authd, thief, 'thief@example.org')
    authd.clock.advance(-20 * SECOND)
    const { token: later } = await changeTo(authd, thief, 'another@example.org')
    authd.clock.advance(MINUTE)

    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const restored = await authd.browser().post('/restore-email/code', { form: { token, code } })

    expect(restored.status).toBe(303)
    expect((await authd.browser().get(`/restore-email?token=${later}`)).status).toBe(410)
  })
})

test('a change of address needs a fresh proof at both steps', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/me/email', { json: { email: NEW } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  authd.clock.advance(5 * MINUTE + 1)

  const asked = await browser.post('/v1/me/email', { json: { email: NEW } })
  const confirmed = await browser.post('/v1/me/email/confirm', { json: { code } })

  expect([asked.body.code, confirmed.body.code]).toEqual(['STEP_UP_REQUIRED', 'STEP_UP_REQUIRED'])
})

test('another user’s address gets the same answer but no mail, and cannot be taken', async () => {
  const authd = await startAuthd()
  await signInForTokens(authd, 'bob@example.com')
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await authd.takeMail()

  const taken = await browser.post('/v1/me/email', { json: { email: 'Bob@example.com' } })
  const mails = await authd.takeMail()
  const guessed = await browser.post('/v1/me/email/confirm', { json: { code: '000000' } })

  expect(taken).toMatchObject({ status: 202, body: { delivery: 'queued' } })
  expect(mails).toEqual([])
  expect(guessed.status).toBe(401)
})

test('an address that is taken while its code is on the way cannot be taken twice', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/me/email', { json: { email: NEW } })
  const code = (await authd.takeProofMail())?.values['code'] ?? ''
  await signInForTokens(authd, NEW)

  const confirmed = await browser.post('/v1/me/email/confirm', { json: { code } })

  expect(confirmed.body.code).toBe('INVALID_CREDENTIALS')
  expect((await browser.get('/v1/me')).body.email).toBe(ADA)
})

test('of two addresses that are requested, only the newer one gets a mail, and its code confirms it', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/me/email', { json: { email: 'other@example.org' } })
  await browser.post('/v1/me/email', { json: { email: NEW } })

  const mails = (await authd.takeMail()).filter(({ template }) => template === 'email_change')
  await browser.post('/v1/me/email/confirm', { json: { code: mails.at(-1)?.values['code'] } })

  expect(mails.map(({ to }) => to)).toEqual([NEW])
  expect((await browser.get('/v1/me')).body.email).toBe(NEW)
})

test('SECURITY: a code to confirm a session changes no address, and the reverse', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await browser.post('/v1/me/email', { json: { email: NEW } })
  const forAddress = (await authd.takeProofMail())?.values['code']
  await browser.post('/v1/stepup/email')
  const forSession = (await authd.takeProofMail())?.values['code']

  const confused = [
    await browser.post('/v1/me/email/confirm', { json: { code: forSession } }),
    await browser.post('/v1/stepup/code', { json: { code: forAddress } }),
  ]
  const right = [
    await browser.post('/v1/stepup/code', { json: { code: forSession } }),
    await browser.post('/v1/me/email/confirm', { json: { code: forAddress } }),
  ]

  expect([...confused, ...right].map(({ status }) => status)).toEqual([401, 401, 200, 200])
})

test('a new address gets its code although strangers have used up the mails of the hour', async () => {
  const authd = await startAuthd({ config: { limits: { total_mails_per_hour: 2 } } })
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  for (const email of ['one@example.net', 'two@example.net'])
    await authd.browser().post('/v1/signin', { json: { email } })
  await authd.takeMail()

  const { changed } = await changeTo(authd, browser, NEW)

  expect(changed.status).toBe(200)
})

test.for(['sqlite', 'postgres'] as const)(
  'the address that the undo of a change replaces is told (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { token } = await changeTo(authd, browser, NEW)
    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    await authd.takeMail()

    await authd.browser().post('/restore-email/code', { form: { token, code } })

    expect(await authd.takeMail()).toMatchObject([{ template: 'email_restored', to: NEW }])
  },
)

test('undoing the last of two changes leaves the way back of the first', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { token: first } = await changeTo(authd, browser, NEW)
  const { token: last } = await changeTo(authd, browser, 'ada@example.net')
  const undo = async (token: string) => {
    await authd.browser().post('/restore-email', { form: { token } })
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    return (await authd.browser().post('/restore-email/code', { form: { token, code } })).status
  }

  expect([await undo(last), await undo(first)]).toEqual([303, 303])
})

test.each(['sqlite', 'postgres'] as const)(
  'of two users who take one address at once, one gets it (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const racers: { browser: Browser; code: string }[] = []
    for (const email of ['one@example.com', 'two@example.com', 'three@example.com', 'four@example.com']) {
      const browser = authd.browser()
      await signInOnPage(authd, browser, email)
      await authd.takeMail()
      await browser.post('/v1/me/email', { json: { email: NEW } })
      racers.push({ browser, code: (await authd.takeProofMail())?.values['code'] ?? '' })
    }
    const replies = await Promise.all(
      racers.map(({ browser, code }) => browser.post('/v1/me/email/confirm', { json: { code } })),
    )

    expect(replies.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401])
  },
)

test('the link to undo a change does nothing without a code from the former address', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  const { token } = await changeTo(authd, browser, NEW)

  const withoutMail = await authd.browser().post('/restore-email/code', { form: { token, code: '123456' } })
  authd.clock.advance(7 * DAY)
  const late = await authd.browser().get(`/restore-email?token=${token}`)

  expect([withoutMail.status, late.status]).toEqual([401, 410])
  expect((await authd.auditLog()).map(({ eventType }) => eventType)).not.toContain('user.email_restored')
})
