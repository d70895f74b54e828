import { expect, test } from 'vitest'
import type { AuthdError } from '../../src/errors.ts'
import { renamePasskeyOf, resolvePasskey } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { sendRestoreMail } from '../../src/flows/users/email-change.ts'
import { exportUser } from '../../src/flows/users/export.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { whileParked } from '../support/parked.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const NEW = 'ada@example.org'

/** An operator gives Ada another address. */
const changeAddress = (authd: Authd) =>
  updateUser(authd.deps, SYSTEM, { user: ADA, email: parseEmailAddress(NEW), isVerified: true })

/** The reply to a request that only calls this flow. */
async function statusOf(flow: Promise<unknown>) {
  const status = await flow.then(
    () => 200,
    (error: AuthdError) => error.status,
  )
  return { status, headers: new Headers(), body: undefined }
}

async function signedIn(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await authd.takeMail()
  return browser
}

test.each(DATABASES)(
  'a mail to confirm a session goes to the new address if it was changed while the request was on its way (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = await signedIn(authd)

    const { where, status } = await whileParked(
      authd,
      () => browser.post('/v1/stepup/email'),
      () => changeAddress(authd),
    )
    const mail = (await authd.takeMail()).filter(({ template }) => template === 'stepup')
    const steppedUp = await browser.post('/v1/stepup/code', { json: { code: mail[0]?.values['code'] } })

    expect([where, status, steppedUp.status]).toEqual(['parked', 202, 200])
    expect(mail.map(({ to }) => to)).toEqual([NEW])
  },
)

test.each(DATABASES)('a code that was mailed to a former address does not confirm a session (%s)', async (database) => {
  const authd = await startAuthd({ database })
  const browser = await signedIn(authd)
  await browser.post('/v1/stepup/email')
  const code = (await authd.takeProofMail())?.values['code']
  await authd.deps.db.write((trx) => trx.run('UPDATE users SET email = ?', [NEW]))

  const steppedUp = await browser.post('/v1/stepup/code', { json: { code } })

  expect(code).toMatch(/^\d{6}$/)
  expect([steppedUp.status, steppedUp.body.code]).toEqual([401, 'INVALID_CREDENTIALS'])
})

test.each(DATABASES)(
  'no mail to restore an address is sent if the link was used while the request was on its way (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = await signedIn(authd)
    await browser.post('/v1/me/email', { json: { email: NEW } })
    const code = (await authd.takeProofMail())?.values['code']
    await browser.post('/v1/me/email/confirm', { json: { code } })
    const told = (await authd.takeMail()).find(({ template }) => template === 'email_changed')
    const link = new URL(told?.values['link'] ?? '')
    const token = link.searchParams.get('token') ?? ''

    const asked = await whileParked(
      authd,
      () => statusOf(sendRestoreMail(authd.deps, SYSTEM, { token, lang: 'en', device: undefined })),
      () => authd.deps.db.write((trx) => trx.run('UPDATE email_changes SET restored_at = 1')),
    )

    expect(asked).toMatchObject({ where: 'parked', status: 410, isUnchanged: true })
    expect(await authd.takeMail()).toEqual([])
  },
)

test.each(DATABASES)(
  'an authenticator app is labelled with the new address if it was changed meanwhile (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = await signedIn(authd)
    // What the former mailbox has proven ends with the operator's change. A passkey's proof stays.
    await enrolPasskey(browser, deviceFor(authd, {}))

    const { reply } = await whileParked(
      authd,
      () => browser.post('/v1/me/totp'),
      () => changeAddress(authd),
    )

    expect(decodeURIComponent(reply.body.uri)).toContain(NEW)
  },
)

test.each(DATABASES)(
  'an event names the address that a user has now, not the one that was looked up (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await enrolPasskey(await signedIn(authd), deviceFor(authd, {}))
    const [passkey] = await authd.deps.db.read((sql) => sql.all<{ id: string }>('SELECT id FROM passkeys'))
    const found = await resolvePasskey(authd.deps, { user: ADA, passkey: passkey?.id ?? '' })
    await changeAddress(authd)

    await renamePasskeyOf(authd.deps, SYSTEM, { ...found, name: 'Key' })
    const renamed = (await authd.auditLog()).find(({ eventType }) => eventType === 'webauthn.renamed')

    expect(renamed?.email).toBe(NEW)
  },
)

test.each(DATABASES)(
  'an export of a user who was deleted meanwhile leaves no address behind (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await signedIn(authd)
    const user = await resolveUser(authd.deps, ADA)
    await removeUser(authd.deps, SYSTEM, user)

    const refused = await statusOf(exportUser(authd.deps, SYSTEM, user))

    expect(refused.status).toBe(404)
    expect(JSON.stringify(await authd.auditLog())).not.toContain(ADA)
  },
)
