import { describe, expect, test } from 'vitest'
import { tailAudit } from '../../src/flows/audit/audit.ts'
import { sealAudit } from '../../src/flows/audit/numbering.ts'
import { recordEvent, SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

const ADDRESSES = [
  ...['10.1.2.3', '10.1.20.3', '10.10.2.3', '110.1.2.3', '198.51.100.255'],
  ...['2001:db8::1', '2001:db8:0:1::1', '2001:db80::1', '2001:db8:1::1', '::1', 'fe80::1'],
]

async function withAddresses(authd: Authd): Promise<void> {
  await authd.deps.db.write(async (trx) => {
    for (const ip of [...ADDRESSES, null])
      await recordEvent(authd.deps, trx, { ...SYSTEM, ip }, { type: 'session.created' })
  })
  await sealAudit(authd.deps)
}

describe.each(['sqlite', 'postgres'] as const)('the audit log by network (%s)', (database) => {
  test.each([
    ['10.1.2.3', ['10.1.2.3']],
    ['10.1.2.0/24', ['10.1.2.3']],
    ['10.1.0.0/16', ['10.1.2.3', '10.1.20.3']],
    ['10.1.0.0/20', ['10.1.2.3']],
    ['10.0.0.0/8', ['10.1.2.3', '10.1.20.3', '10.10.2.3']],
    ['0.0.0.0/1', ['10.1.2.3', '10.1.20.3', '10.10.2.3', '110.1.2.3']],
    ['198.51.100.255/32', ['198.51.100.255']],
    ['::ffff:10.1.2.3', ['10.1.2.3']],
    ['2001:db8::/32', ['2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1']],
    ['2001:db8::/48', ['2001:db8::1', '2001:db8:0:1::1']],
    ['2001:db8:0:1::/64', ['2001:db8:0:1::1']],
    ['2001:DB8::/31', ['2001:db8::1', '2001:db8:0:1::1', '2001:db8:1::1']],
    ['::/0', ['2001:db8::1', '2001:db8:0:1::1', '2001:db80::1', '2001:db8:1::1', '::1', 'fe80::1']],
    ['::1', ['::1']],
  ])('%s matches exactly its addresses', async (network, expected) => {
    const authd = await startAuthd({ database })
    await withAddresses(authd)

    const found = await tailAudit(authd.deps, { network }, 50)

    expect(found.map(({ ip }) => ip)).toEqual(expected)
  })
})
