import { describe, expect, test } from 'vitest'
import type { Deps } from '../../src/deps.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { exportAllUsers } from '../../src/flows/users/export-all.ts'
import { importUsers, type MovedUser, type OnDuplicate } from '../../src/flows/users/import.ts'
import { HOUR, MINUTE } from '../../src/platform/clock.ts'
import { parseMovedUser, presentMovedUser } from '../../src/resources/moved-user.ts'
import type { Dialect } from '../../src/store/db.ts'

import { enrolTotp, signInWithPasskey, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode } from '../support/people.ts'

async function exported(deps: Deps, hasFactors = true): Promise<string[]> {
  const lines: string[] = []
  for await (const part of exportAllUsers(deps, SYSTEM, { hasFactors })) {
    lines.push(...part.map((user) => JSON.stringify(presentMovedUser(user))))
  }
  return lines
}

function parsed(lines: string[], now: number): MovedUser[] {
  return lines.map((line) => {
    const read = parseMovedUser(JSON.parse(line), now)
    if ('fault' in read) throw new Error(read.fault)
    return read.user
  })
}

const importing = (deps: Deps, rows: MovedUser[], onDuplicate: OnDuplicate = 'skip') =>
  importUsers(deps, SYSTEM, { rows, onDuplicate })

const user = (value: object): MovedUser => parsed([JSON.stringify(value)], Date.now())[0] as MovedUser

/** Another authd at the same time, with its own server secret, and with the same domain for passkeys. */
async function elsewhere(database: Dialect, here: Authd): Promise<Authd> {
  const config = { webauthn: { origins: [new URL(here.url).origin] } }
  return await startAuthd({
    database,
    config,
    now: here.clock.now(),
    secret: 'the secret of another authd, of 32 bytes',
  })
}

describe.each(['sqlite', 'postgres'] as const)('users who move to another authd, on %s', (dialect) => {
  test('sign in there with their app, passkey and recovery code, and keep their id', async () => {
    const here = await startAuthd({ database: dialect })
    const { browser, device } = await withPasskey(here)
    const { secret, recoveryCodes } = await enrolTotp(here, browser)
    const lines = await exported(here.deps)
    const there = await elsewhere(dialect, here)

    const outcomes = await importing(there.deps, parsed(lines, there.clock.now()))

    expect(outcomes).toEqual(['created'])
    expect(await exported(there.deps)).toEqual(lines)
    there.clock.advance(2 * MINUTE)
    const { attemptToken, code } = await askForCode(there)
    const second = { attempt_token: attemptToken, code: totpCode(there, secret) }
    const first = await there.browser().post('/v1/signin/code', { json: { ...second, code } })
    const withApp = await there.browser().post('/v1/signin/totp', { json: second })
    expect([first.body.status, withApp.body.status]).toEqual(['factor_required', 'complete'])
    expect(withApp.body.session.user_id).toBe(JSON.parse(lines[0] ?? '').id)
    const again = await askForCode(there)
    await there.browser().post('/v1/signin/code', { json: { attempt_token: again.attemptToken, code: again.code } })
    const recovery = { attempt_token: again.attemptToken, code: recoveryCodes[0] }
    const withCode = await there.browser().post('/v1/signin/recovery-code', { json: recovery })
    expect(withCode.body.status).toBe('complete')
    expect((await signInWithPasskey(there.browser(), device)).body.status).toBe('complete')
  })

  test('SECURITY: a code that may have been used in the old place is not accepted in the new one', async () => {
    const here = await startAuthd({ database: dialect })
    const { browser } = await withPasskey(here)
    const { secret } = await enrolTotp(here, browser)
    const there = await elsewhere(dialect, here)
    await importing(there.deps, parsed(await exported(here.deps), there.clock.now()))
    const { attemptToken, code } = await askForCode(there)
    await there.browser().post('/v1/signin/code', { json: { attempt_token: attemptToken, code } })

    const json = { attempt_token: attemptToken, code: totpCode(there, secret) }
    const answer = await there.browser().post('/v1/signin/totp', { json })

    expect(answer.status).toBe(401)
  })

  test('SECURITY: without --with-factors no secret leaves, and the export is in the audit log', async () => {
    const here = await startAuthd({ database: dialect })
    const { browser } = await withPasskey(here)
    await enrolTotp(here, browser)

    const [line = ''] = await exported(here.deps, false)

    expect(Object.keys(JSON.parse(line))).not.toEqual(expect.arrayContaining(['totp']))
    expect(line).not.toMatch(/totp|passkeys|recovery_codes/)
    const events = (await here.auditLog()).filter(({ eventType }) => eventType === 'users.exported')
    expect(events.map(({ metadata }) => metadata)).toMatchObject([{ with_factors: false }])
  })

  test('a stored secret that cannot be opened is named, with its user and what to do', async () => {
    const authd = await startAuthd({ database: dialect })
    const { browser } = await withPasskey(authd)
    await enrolTotp(authd, browser)
    await authd.deps.db.write((trx) => trx.run("UPDATE totp_secrets SET secret_sealed = 'damaged'"))

    const refused = { code: 'SECRET_MISMATCH', message: expect.stringContaining(ADA) }
    await expect(exported(authd.deps)).rejects.toMatchObject(refused)
    expect(await exported(authd.deps, false)).toHaveLength(1)
  })

  test('a row that cannot be imported leaves nothing, and the others of its unit are in', async () => {
    const { deps } = await startAuthd({ database: dialect })
    const id = deps.random.id('usr')
    const passkey = {
      ...{ rp_id: 'another.example', credential_id: 'AAAA', public_key: 'AAAA', counter: 0, transports: [] },
      ...{ aaguid: '00000000-0000-0000-0000-000000000000', name: 'Key', backup_eligible: false, backed_up: false },
    }
    const rows = [
      user({ email: 'a@example.com', id }),
      user({ email: 'b@example.com', id }),
      user({ email: 'c@example.com', webauthn_user_id: 'AAAA', passkeys: [passkey] }),
      user({ email: 'd@example.com' }),
    ]

    const outcomes = await importing(deps, rows)

    expect(outcomes).toEqual([
      'created',
      { fault: `a@example.com has the id ${id} already.` },
      { fault: 'A passkey belongs to another.example, and works only there. This authd has webauthn.rp_id localhost.' },
      'created',
    ])
    expect((await exported(deps)).map((line) => JSON.parse(line).email).toSorted()).toEqual([
      'a@example.com',
      'd@example.com',
    ])
  })

  test('a user handle belongs to one user: an import that gives it to another is refused, with passkeys or without', async () => {
    const authd = await startAuthd({ database: dialect })
    await withPasskey(authd)
    const [line = ''] = await exported(authd.deps)
    const { webauthn_user_id: handle, passkeys } = JSON.parse(line)
    const other = passkeys.map((passkey: object) => ({ ...passkey, credential_id: 'AAAA' }))
    const known = user({ email: 'known@example.com' })
    const rows = [
      user({ email: 'b@example.com', webauthn_user_id: handle }),
      user({ email: 'c@example.com', webauthn_user_id: handle, passkeys: other }),
      user({ email: 'known@example.com', webauthn_user_id: handle, passkeys: other }),
    ]
    await importing(authd.deps, [known])

    const outcomes = await importing(authd.deps, rows, 'update')

    expect(outcomes).toEqual(Array(3).fill({ fault: `${ADA} has this webauthn_user_id already.` }))
    expect((await exported(authd.deps)).filter((text) => text.includes(handle))).toHaveLength(1)
  })

  test('a second import skips who exists, updates them or refuses, as asked, and replaces no factor', async () => {
    const authd = await startAuthd({ database: dialect })
    const { deps } = authd
    const { browser } = await withPasskey(authd)
    const { secret } = await enrolTotp(authd, browser)
    const totp = { secret: 'A'.repeat(32) }
    const row = user({ email: ADA, name: 'Ada', locale: 'de-AT', mfa_policy: 'required', totp })
    const before = await exported(deps)

    const skipped = await importing(deps, [row], 'skip')
    const afterSkip = await exported(deps)
    const refused = await importing(deps, [row], 'fail')
    const updated = await importing(deps, [row], 'update')
    const again = await importing(deps, [row], 'update')

    expect([skipped, afterSkip]).toEqual([['skipped'], before])
    expect(refused).toEqual([{ fault: expect.stringContaining(`${ADA} exists already`) }])
    expect([updated, again]).toEqual([['updated'], ['unchanged']])
    const [now] = (await exported(deps)).map((line) => JSON.parse(line))
    expect(now).toMatchObject({ name: 'Ada', locale: 'de', mfa_policy: 'required', totp: { secret } })
  })

  test('an update that disables a user ends their sessions, and one that adds an app tells them by mail', async () => {
    const authd = await startAuthd({ database: dialect })
    const { browser } = await withPasskey(authd)
    await authd.takeMail()

    const [added] = await importing(authd.deps, [user({ email: ADA, totp: { secret: 'B'.repeat(32) } })], 'update')
    const mails = await authd.takeMail()
    const [disabled] = await importing(authd.deps, [user({ email: ADA, status: 'disabled' })], 'update')

    expect([added, disabled]).toEqual(['updated', 'updated'])
    expect(mails.map(({ to, template }) => [to, template])).toEqual([[ADA, 'totp_enabled']])
    expect((await browser.get('/v1/session')).status).toBe(401)
  })

  test('two imports of the same users at once create each of them once', async () => {
    const { deps, another } = await startAuthd({ database: dialect })
    const other = await another()
    const rows = Array.from({ length: 30 }, (_, n) => user({ email: `user${n}@example.com` }))

    const [one = [], two = []] = await Promise.all([importing(deps, rows), importing(other.deps, rows.toReversed())])

    expect([...one, ...two].filter((outcome) => outcome === 'created')).toHaveLength(30)
    expect(await exported(deps)).toHaveLength(30)
  })

  test('an invited user may still prove the address, and one whose address was proven is not asked again', async () => {
    const here = await startAuthd({ database: dialect })
    const now = here.clock.now()
    const at = new Date(now - HOUR).toISOString()
    const until = new Date(now + HOUR).toISOString()
    const rows = parsed(
      [
        JSON.stringify({ email: 'a@example.com', invited_until: until }),
        JSON.stringify({ email: 'b@example.com', email_verified_at: at, last_seen_at: at, created_at: at }),
      ],
      now,
    )

    await importing(here.deps, rows)

    const users = (await exported(here.deps)).map((line) => JSON.parse(line))
    expect(users.find(({ email }) => email === 'a@example.com')).toMatchObject({
      invited_until: until,
      email_verified_at: null,
    })
    expect(users.find(({ email }) => email === 'b@example.com')).toMatchObject({
      ...{ email_verified_at: at, first_verified_at: at, last_seen_at: at, created_at: at, invited_until: null },
    })
  })
})

describe('a row that cannot be true', () => {
  const future = '2999-01-01T00:00:00Z'
  const past = '2020-01-01T00:00:00Z'
  const passkey = {
    ...{ rp_id: 'localhost', credential_id: 'AAAA', public_key: 'AAAA', counter: 0, transports: [], name: 'Key' },
    ...{ aaguid: '00000000-0000-0000-0000-000000000000', backup_eligible: false, backed_up: false },
  }

  test.each([
    ['created_at', { created_at: future }],
    ['totp.confirmed_at', { totp: { secret: 'A'.repeat(32), confirmed_at: future } }],
    ['passkeys[1].created_at', { passkeys: [passkey, { ...passkey, created_at: future }] }],
    ['passkeys[0].last_used_at', { passkeys: [{ ...passkey, last_used_at: future }] }],
    ['recovery_codes[0].created_at', { recovery_codes: [{ salt: 'AAAA', hash: 'AAAA', created_at: future }] }],
  ])('SECURITY: an import refuses a row with a time in the future: %s', (place, fields) => {
    const read = parseMovedUser({ email: ADA, ...fields }, Date.now())

    expect(read).toEqual({ fault: `${place}: Write a time in the past.` })
  })

  test.each([
    ['not verified, since a time', { email_verified: false, email_verified_at: past }, 'email_verified'],
    ['verified, at no time', { email_verified: true, email_verified_at: null }, 'email_verified_at'],
    ['active, disabled since a time', { status: 'active', disabled_at: past }, 'status'],
  ])('SECURITY: an import refuses a row that contradicts itself: %s', (_, fields, place) => {
    const read = parseMovedUser({ email: ADA, ...fields }, Date.now())

    expect(read).toEqual({ fault: expect.stringMatching(new RegExp(`^${place}: Write `)) })
  })
})
