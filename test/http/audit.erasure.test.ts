import { describe, expect, test } from 'vitest'
import { EVENTS } from '../../src/flows/events.ts'
import { renamePasskeyOf, resolvePasskey } from '../../src/flows/factors/factor-admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { deliverNextMail, queueSampleMail } from '../../src/flows/outbox/mail-sending.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { eraseMore } from '../../src/flows/users/erase-events.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { listAuditLogsAfter } from '../../src/store/audit-logs.ts'
import { countRefusal } from '../../src/store/mail-suppressions.ts'
import { withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode, signInForTokens, signInOnPage } from '../support/people.ts'
import { OPERATOR } from '../support/told.ts'

const PERSONAL = ['Ada’s YubiKey', 'Renamed for Ada', 'Ada has left us', '550 ada is unknown', ADA, 'Firefox']

/** The columns as they are stored. */
async function stored(authd: Authd) {
  await authd.auditLog()
  return await authd.deps.db.read((sql) => listAuditLogsAfter(sql, {}, { after: 0, limit: 10_000 }))
}

async function adaAndHerEvents(authd: Authd): Promise<void> {
  await askForCode(authd)
  await withPasskey(authd)
  const { user, passkey } = await resolvePasskey(authd.deps, { user: ADA, passkey: 'Firefox on Linux' })
  await renamePasskeyOf(authd.deps, OPERATOR, { user, passkey, name: PERSONAL[0] ?? '' })
  const byHand = { ...OPERATOR, metadata: { reason: 'Ada has left us', ssh_client: '203.0.113.9' } }
  await disableUsers(authd.deps, byHand, { names: [ADA], reason: 'Ada has left us' })
  await enableUsers(authd.deps, byHand, { names: [ADA] })
  await authd.deps.db.write((trx) =>
    recordEvent(authd.deps, trx, SYSTEM, {
      type: 'mail.failed',
      outcome: 'failure',
      user: { email: ADA },
      metadata: { template: 'signin', reason: '550 ada is unknown' },
    }),
  )
}

async function adaWithFormerAddress(authd: Authd): Promise<void> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, 'former@example.com')
  await browser.post('/v1/me/email', { json: { email: ADA } })
  const code = (await authd.takeProofMail())?.values['code']
  await browser.post('/v1/me/email/confirm', { json: { code } })
}

describe.each(['sqlite', 'postgres'] as const)('a deleted user (%s)', (database) => {
  test('stays in the audit log by id only; what they and operators wrote and what relays said is erased', async () => {
    const authd = await startAuthd({ database })
    await adaAndHerEvents(authd)
    const before = await stored(authd)

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))

    const after = (await stored(authd)).slice(0, before.length)
    const shown = (rows: typeof before) => PERSONAL.filter((text) => JSON.stringify(rows).includes(text))
    expect(shown(before).length).toBeGreaterThan(4)
    expect(shown(after)).toEqual([])
    const kept = (rows: typeof before) =>
      rows.map(({ id, seq, eventType, userId, outcome, actor, metadata }) => ({
        ...{ id, seq, eventType, userId, outcome, actor, metadata },
      }))
    expect(kept(after)).toEqual(kept(before))
  })

  test('leaves no row with a former address, also of sign-ins without a session', async () => {
    const authd = await startAuthd({ database })
    await adaWithFormerAddress(authd)
    const isNamed = async () => JSON.stringify(await stored(authd)).includes('former@example.com')
    const before = await isNamed()

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))

    expect([before, await isNamed()]).toEqual([true, false])
  })

  test('keeps the rows of a former address that another user has now', async () => {
    const authd = await startAuthd({ database })
    await adaWithFormerAddress(authd)
    await signInOnPage(authd, authd.browser(), 'former@example.com')
    const { id } = await resolveUser(authd.deps, 'former@example.com')

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))

    const named = (await stored(authd)).filter(({ email }) => email === 'former@example.com')
    expect(named.map(({ userId }) => userId)).toEqual(expect.arrayContaining([null, id]))
  })

  test('leaves no place or device, whether an app’s backend stated it or the user deleted the account', async () => {
    const authd = await startAuthd({ database })
    const key = { name: 'shop', scopes: ['signin' as const], expiresAt: null }
    const { token: bearer } = await createApiKey(authd.deps, SYSTEM, key)
    const headers = { 'Authd-Client-IP': '203.0.113.7', 'User-Agent': 'Phone of Ada' }
    const begun = await authd.browser().post('/v1/signin', { json: { email: ADA }, bearer, headers })
    const code = (await authd.takeProofMail())?.values['code']
    const json = { code, attempt_token: begun.body.attempt_token }
    await authd.browser().post('/v1/signin/code', { json, bearer, headers })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const { id } = await resolveUser(authd.deps, ADA)
    const placed = async () =>
      (await stored(authd)).filter(({ userId, ip, userAgent }) => userId === id && (ip ?? userAgent) !== null)
    const before = await placed()

    const deleted = await browser.send('DELETE', '/v1/me')

    expect(before.map(({ ip }) => ip)).toContain('203.0.113.7')
    expect([deleted.status, await placed()]).toEqual([204, []])
    expect((await stored(authd)).map(({ eventType }) => eventType)).toContain('user.deleted')
  })

  test('leaves no address that they entered and never proved, and nothing of another’s with it', async () => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    await askForCode(authd, 'wanted@example.com')
    const others = (await stored(authd)).filter(({ email }) => email === 'wanted@example.com')
    await browser.post('/v1/me/email', { json: { email: 'wanted@example.com' } })
    await browser.post('/v1/me/email/confirm', { json: { code: '000000' } })
    authd.mailer.failure = new MailError('550 wanted@example.com', { isPermanent: true })
    await authd.takeMail()
    authd.mailer.failure = undefined
    const named = async () => (await stored(authd)).filter((row) => JSON.stringify(row).includes('wanted@example.com'))
    const before = (await named()).map(({ eventType }) => eventType)

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))

    expect(before.slice(others.length)).toEqual(['magic_link.requested', 'user.authentication_failed', 'mail.failed'])
    expect(await named()).toEqual(others)
  })

  test('leaves no mail, no attempt and no count of refusals once the last notice is sent', async () => {
    const authd = await startAuthd({ database })
    await adaWithFormerAddress(authd)
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    for (const address of [ADA, 'former@example.com', 'wanted@example.com'])
      await authd.deps.db.write((trx) =>
        countRefusal(trx, { address, response: '550', now: 1, apartMs: 1, forgetMs: 1 }),
      )
    await browser.post('/v1/me/email', { json: { email: 'wanted@example.com' } })
    const rest = async () => ({
      mails: await authd.deps.db.read((sql) => sql.all("SELECT recipient FROM outbox WHERE kind = 'mail'")),
      refusals: await authd.deps.db.read((sql) => sql.all('SELECT address FROM mail_suppressions')),
      bound: await authd.deps.db.read((sql) => sql.all('SELECT id FROM signin_attempts WHERE bound_to IS NOT NULL')),
    })
    const before = await rest()

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
    const sent = await authd.takeMail()

    expect(Object.values(before).map(({ length }) => length > 0)).toEqual([true, true, true])
    expect(sent.map(({ template, to }) => [template, to])).toEqual([
      ['new_device', ADA],
      ['account_deleted', ADA],
      ['account_deleted', 'former@example.com'],
    ])
    expect(await rest()).toEqual({ mails: [], refusals: [], bound: [] })
  })

  test('leaves no mail that was on its way when they were deleted', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    const user = await resolveUser(authd.deps, ADA)
    await authd.takeMail()
    await queueSampleMail(authd.deps, { to: ADA, template: 'passkey_added', lang: 'en' })
    const { send } = authd.mailer
    authd.mailer.send = async (mail, limit) => {
      authd.mailer.send = send
      await removeUser(authd.deps, OPERATOR, user)
      return await send(mail, limit)
    }

    while (await deliverNextMail(authd.deps));

    expect(await authd.deps.db.read((sql) => sql.all('SELECT template FROM outbox'))).toEqual([])
  })

  test('is not named again by a notice of the deletion that fails', async () => {
    const authd = await startAuthd({ database })
    await signInForTokens(authd)
    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
    const refusal = { response: `550 5.1.1 ${ADA} unknown`, enhancedCode: '5.1.1' }
    authd.mailer.failure = new MailError(refusal.response, { isPermanent: true, refusal })

    while (await deliverNextMail(authd.deps));

    const failed = (await stored(authd)).filter(({ eventType }) => eventType === 'mail.failed')
    const counted = await authd.deps.db.read((sql) => sql.all('SELECT address FROM mail_suppressions'))
    expect(failed).toMatchObject([{ email: null, metadata: { template: 'account_deleted' } }])
    expect([JSON.stringify(failed).includes(ADA), counted]).toEqual([false, []])
  })

  test('is erased in parts when there are many events, and nobody else is touched', async () => {
    const authd = await startAuthd({ database })
    await adaAndHerEvents(authd)
    const { id, email } = await resolveUser(authd.deps, ADA)
    for (let part = 0; part < 3; part += 1)
      await authd.deps.db.write(async (trx) => {
        for (let each = 0; each < 400; each += 1)
          await recordEvent(authd.deps, trx, SYSTEM, { type: 'user.new_device', user: { id, email } })
      })
    await askForCode(authd, 'grace@example.com')

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))
    const atOnce = (await stored(authd)).filter((row) => row.email === ADA).length
    let turns = 0
    while (await eraseMore(authd.deps)) turns += 1

    const log = await stored(authd)
    expect(atOnce).toBeGreaterThan(500)
    expect(turns).toBe(2)
    expect(log.filter((row) => row.email === ADA)).toEqual([])
    expect(log.filter((row) => row.email === 'grace@example.com').length).toBeGreaterThan(0)
  })

  test('loses all metadata of events that are older than the separate column', async () => {
    const authd = await startAuthd({ database })
    await adaAndHerEvents(authd)
    await authd.deps.db.write((trx) =>
      trx.run("UPDATE audit_logs SET metadata = ?, personal = NULL WHERE event_type <> 'signing_key.created'", [
        '{"name":"Ada"}',
      ]),
    )

    await removeUser(authd.deps, OPERATOR, await resolveUser(authd.deps, ADA))

    expect(JSON.stringify(await stored(authd))).not.toContain('"Ada"')
  })
})

test('a metadata key is open or personal, never both', () => {
  const keys = Object.values(EVENTS).map((declared) => ({ open: [], personal: [], ...declared }))

  expect(
    keys.filter(({ open, personal }) => personal.some((key) => (open as readonly string[]).includes(key))),
  ).toEqual([])
})

test('an undeclared metadata key, or one of another event, does not compile', () => {
  const record = recordEvent as (...given: never[]) => void
  const act = (deps: Authd['deps'], trx: Parameters<typeof recordEvent>[1]) => {
    const metadata = { method: 'passkey', nickname: 'Ada' }
    // @ts-expect-error nickname is declared nowhere
    void recordEvent(deps, trx, SYSTEM, { type: 'user.authenticated', metadata })
    // @ts-expect-error left belongs to recovery_code.used
    void recordEvent(deps, trx, SYSTEM, { type: 'user.authenticated', metadata: { left: 3 } })
  }

  expect([typeof record, typeof act]).toEqual(['function', 'function'])
})
