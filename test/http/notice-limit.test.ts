import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { notify } from '../../src/flows/outbox/notice.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { HOUR } from '../../src/platform/clock.ts'
import { withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'

const told = async (authd: Authd) => (await authd.takeMail()).map(({ template }) => template)

describe.each(['sqlite', 'postgres'] as const)('notices to a user (%s)', (database) => {
  test('a session that repeats a change mails its owner five times an hour, and all else still arrives', async () => {
    const authd = await startAuthd({ database })
    const { browser } = await withPasskey(authd)
    await authd.takeMail()
    const make = async () => (await browser.post('/v1/me/recovery-codes', { json: {} })).status

    const statuses = []
    for (let at = 0; at < 12; at += 1) statuses.push(await make())
    const flood = await told(authd)
    const user = await resolveUser(authd.deps, ADA)
    await authd.deps.db.write((trx) =>
      notify(authd.deps, trx, SYSTEM, { user, template: 'passkey_added', values: { name: 'Thief' } }),
    )
    const other = await told(authd)
    authd.clock.advance(HOUR)
    await authd.deps.db.write((trx) => notify(authd.deps, trx, SYSTEM, { user, template: 'recovery_codes_made' }))
    const later = await told(authd)

    expect(new Set(statuses).size).toBe(1)
    expect(flood).toEqual(Array(5).fill('recovery_codes_made'))
    expect([other, later]).toEqual([['passkey_added'], ['recovery_codes_made']])
    expect((await authd.auditLog()).filter(({ eventType }) => eventType === 'recovery_codes.made')).toHaveLength(12)
  })

  test('a deletion and each link to restore an address are always mailed', async () => {
    const authd = await startAuthd({ database })
    await withPasskey(authd)
    const user = await resolveUser(authd.deps, ADA)
    await authd.takeMail()
    const values = { old_email: 'ada@example.com', new_email_masked: 'e…@example.org', expires_days: '7' }
    const link = 'https://auth.example.com/restore-email?token=x'

    for (let at = 0; at < 7; at += 1)
      await authd.deps.db.write((trx) =>
        notify(authd.deps, trx, SYSTEM, { user, template: 'email_changed', link, values }),
      )
    await removeUser(authd.deps, SYSTEM, user)

    expect(await told(authd)).toEqual([...Array(7).fill('email_changed'), 'account_deleted'])
  })
})
