import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { checkSenderRecords } from '../../src/mail/sender-records.ts'
import { startDns } from '../support/dns.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const DKIM = {
  domain: 'example.com',
  selector: 'authd',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
const PUBLIC = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
const GOOD = {
  'example.com': ['v=spf1 include:_spf.example.net -all', 'some-site-verification=1'],
  'authd._domainkey.example.com': [`v=DKIM1; k=rsa; p=${PUBLIC}`],
  '_dmarc.example.com': ['v=DMARC1; p=reject'],
}

async function check(records: Record<string, string[]>, { domain = 'example.com', signs = true } = {}) {
  const found = await checkSenderRecords(domain, { dkim: signs ? DKIM : undefined, servers: [await startDns(records)] })
  return Object.fromEntries(
    found.map(({ check: name, status, answer, publish = '' }) => [name, `${status} ${answer} ${publish}`.trim()]),
  )
}

test('a domain with SPF, DKIM and DMARC records passes', async () => {
  expect(await check({ ...GOOD, 'mx:example.com': ['mx1.example.com'] })).toEqual({
    mx: 'ok example.com takes mail at mx1.example.com',
    spf: 'ok v=spf1 include:_spf.example.net -all (check that it allows your mail server)',
    dkim: 'ok authd._domainkey.example.com has the key that signs, and the domains are aligned',
    dmarc: 'ok v=DMARC1; p=reject',
  })
})

test.for([
  ['mx', 'mx:example.com', [], 'warn example.com takes no mail (MX)'],
  ['mx', 'mx:example.com', ['.'], 'warn example.com takes no mail (MX)'],
  ['spf', 'example.com', [], 'warn example.com has no SPF record, so anyone may send as it'],
  ['spf', 'example.com', ['v=spf1 -all', 'v=spf1 ~all'], 'warn example.com has 2 SPF records'],
  ['spf', 'example.com', ['v=spf1 +all'], 'warn it allows every server'],
  ['dkim', 'authd._domainkey.example.com', [], 'warn authd._domainkey.example.com has no key v=DKIM1; k=rsa; p=MII'],
  ['dkim', 'authd._domainkey.example.com', ['v=DKIM1; p=MIIBother'], 'does not match mail.dkim_key'],
  ['dkim', 'authd._domainkey.example.com', ['v=DKIM1; p='], 'was revoked'],
  ['dmarc', '_dmarc.example.com', [], 'warn _dmarc.example.com has no DMARC record'],
  [
    'dmarc',
    '_dmarc.example.com',
    ['v=DMARC1; p=none; rua=mailto:a@example.com'],
    'warn _dmarc.example.com has the policy "none"',
  ],
] as const)('%s with %s → %j', async ([name, at, records, says]) => {
  const found = await check({ ...GOOD, [at]: [...records] })

  expect(found[name]).toContain(says)
})

test('the policy of the parent domain applies, sp= before p=', async () => {
  const strict = await check(GOOD, { domain: 'mail.example.com' })
  const lax = await check({ '_dmarc.example.com': ['v=DMARC1; p=reject; sp=none'] }, { domain: 'mail.example.com' })

  expect(strict['dmarc']).toBe('ok v=DMARC1; p=reject')
  expect(lax['dmarc']).toContain('warn _dmarc.example.com has the policy "none"')
})

test('without a DKIM key the signature is not judged', async () => {
  expect((await check(GOOD, { signs: false }))['dkim']).toBe(
    'unknown authd does not sign mails. Check that your mail server does',
  )
})

test('an unresponsive DNS server is reported', async () => {
  const found = await checkSenderRecords('example.com', { dkim: DKIM, servers: ['127.0.0.1:9'] })

  expect(found.map(({ status, answer }) => `${status} ${answer}`)).toEqual([
    'unknown looking up example.com failed',
    'unknown looking up example.com failed',
    'unknown looking up authd._domainkey.example.com failed',
    'unknown looking up _dmarc.example.com failed',
  ])
})
