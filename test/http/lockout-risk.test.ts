import { describe, expect, test } from 'vitest'
import { addIpFilters, removeIpFilters } from '../../src/flows/limits/ip-filter-admin.ts'
import { setSetting, unsetSetting } from '../../src/flows/operator/setting.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

const OWN = '198.51.100.20'
const OFFICE = '198.51.100.0/24'

const allow = (authd: Authd, cidr: string, scope: 'all' | 'login' | 'admin' = 'all') =>
  addIpFilters(authd.deps, SYSTEM, {
    ...{ rules: [{ cidr, reason: 'office' }], action: 'allow', scope },
    ...{ expiresAt: null, keepSessions: true, acceptsLockout: false },
  })
const deny = (authd: Authd, key = 'ipfilter.default') =>
  setSetting(authd.deps, SYSTEM, { key, value: 'deny', own: OWN, acceptsLockout: false })
const remove = (authd: Authd, cidr: string, own?: string) =>
  removeIpFilters(authd.deps, SYSTEM, { names: [cidr], own, acceptsLockout: false })

const RISK = { code: 'LOCKOUT_RISK' }

/** Lets a change run until it is about to open its unit, does something, and lets it go on. */
async function whileWaiting(authd: Authd, change: () => Promise<unknown>, meanwhile: () => Promise<unknown>) {
  const { db } = authd.deps
  const { write } = db
  db.write = async (unit) => {
    db.write = write
    await meanwhile()
    return await write(unit)
  }
  return await change()
}

describe.each(['sqlite', 'postgres'] as const)('two commands of operators (%s)', (database) => {
  test('SECURITY: an allow-list is refused if its only rule for the operator was removed meanwhile', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await allow(authd, OFFICE)

    const denied = whileWaiting(
      authd,
      () => deny(authd),
      () => remove(other, OFFICE, OWN),
    )

    await expect(denied).rejects.toMatchObject(RISK)
  })

  test('SECURITY: the only rule for the operator is kept if an allow-list began meanwhile', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    await allow(authd, OFFICE)

    const removed = whileWaiting(
      other,
      () => remove(other, OFFICE, OWN),
      () => deny(authd),
    )

    await expect(removed).rejects.toMatchObject(RISK)
  })

  test('SECURITY: of an allow-list and the removal of its only rule at once, one happens', async () => {
    const authd = await startAuthd({ database })
    const other = await authd.another()
    const done: number[] = []

    for (let round = 0; round < 10; round += 1) {
      await allow(authd, OFFICE)
      const both = await Promise.allSettled([deny(authd), remove(other, OFFICE, OWN)])
      done.push(both.filter(({ status }) => status === 'fulfilled').length)
      await unsetSetting(authd.deps, SYSTEM, { key: 'ipfilter.default', own: OWN, acceptsLockout: false })
    }

    expect(done).toEqual(Array(10).fill(1))
  })
})

test.each([
  ['ipfilter.default', 'all'],
  ['ipfilter.login_default', 'login'],
  ['ipfilter.admin_default', 'admin'],
] as const)('with %s = deny, the last rule that allows the operator stays', async (key, scope) => {
  const authd = await startAuthd()
  await allow(authd, OFFICE, scope)
  await allow(authd, '203.0.113.0/24', scope)
  await deny(authd, key)

  await expect(remove(authd, OFFICE, OWN)).rejects.toMatchObject(RISK)
  await expect(remove(authd, '203.0.113.0/24')).rejects.toMatchObject(RISK)
  expect(await remove(authd, '203.0.113.0/24', OWN)).toHaveLength(1)
  const accepted = { names: [OFFICE], own: OWN, acceptsLockout: true }
  expect(await removeIpFilters(authd.deps, SYSTEM, accepted)).toHaveLength(1)
})

test('without an allow-list, any rule may be removed', async () => {
  const authd = await startAuthd()
  await allow(authd, OFFICE)

  expect(await remove(authd, OFFICE)).toHaveLength(1)
})

test('a rule that opens a blocked network for the operator stays', async () => {
  const authd = await startAuthd()
  await addIpFilters(authd.deps, SYSTEM, {
    ...{ rules: [{ cidr: '198.51.0.0/16', reason: 'spam' }], action: 'block', scope: 'all' },
    ...{ expiresAt: null, keepSessions: true, acceptsLockout: false },
  })
  await allow(authd, OFFICE)

  await expect(remove(authd, OFFICE, OWN)).rejects.toMatchObject(RISK)
})

test('who is blocked anyway may remove the rules of others', async () => {
  const authd = await startAuthd()
  await allow(authd, '203.0.113.0/24')
  await setSetting(authd.deps, SYSTEM, { key: 'ipfilter.default', value: 'deny', own: OWN, acceptsLockout: true })

  expect(await remove(authd, '203.0.113.0/24', OWN)).toHaveLength(1)
})

test('a setting that opens what the configuration denies stays', async () => {
  const authd = await startAuthd({ config: { ipfilter: { admin_default: 'deny' } } })
  const key = 'ipfilter.admin_default'
  await setSetting(authd.deps, SYSTEM, { key, value: 'allow', acceptsLockout: false })

  await expect(unsetSetting(authd.deps, SYSTEM, { key, own: OWN, acceptsLockout: false })).rejects.toMatchObject(RISK)
  expect(await unsetSetting(authd.deps, SYSTEM, { key, own: OWN, acceptsLockout: true })).toBe(true)
})
