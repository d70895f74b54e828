import { describe, expect, test } from 'vitest'
import { EVENTS } from '../../src/flows/events.ts'
import { renamePasskeyOf, resolvePasskey } from '../../src/flows/factors/admin.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { eraseMore } from '../../src/flows/users/erasure.ts'
import { listAuditLogsAfter } from '../../src/store/audit-logs.ts'
import { withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, askForCode } from '../support/people.ts'
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
