import { createPrivateKey, createPublicKey } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import type { DkimSettings } from './message.ts'

export interface RecordCheck {
  check: 'mx' | 'spf' | 'dkim' | 'dmarc'
  /** `unknown`: the lookup failed, or authd cannot judge the result. */
  status: 'ok' | 'warn' | 'unknown'
  answer: string
  /** The TXT record to publish instead. */
  publish?: string
}

const TIMEOUT_MS = 3000

/**
 * Checks the DNS records that say who may send mail for a domain. Receivers use them to sort mail; they do not keep authd
 * from sending.
 */
export async function checkSenderRecords(
  domain: string,
  {
    dkim,
    selector,
    servers,
  }: { dkim: DkimSettings | undefined; selector?: string | undefined; servers?: string[] | undefined },
): Promise<RecordCheck[]> {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: 1 })
  if (servers) resolver.setServers(servers)
  const ask = (name: string) => texts(resolver, name)
  return await Promise.all([
    checkMx(resolver, domain),
    checkSpf(ask, domain),
    dkim || selector === undefined ? checkDkim(ask, dkim) : checkSelector(ask, `${selector}._domainkey.${domain}`),
    checkDmarc(ask, domain),
  ])
}

/** Returns the TXT records of a name, or undefined if the lookup failed. */
type Ask = (name: string) => Promise<string[] | undefined>

async function texts(resolver: Resolver, name: string): Promise<string[] | undefined> {
  try {
    return (await resolver.resolveTxt(name)).map((parts) => parts.join(''))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : undefined
  }
}

/** Rejections come back to the sender's domain. A null MX takes no mail at all (RFC 7505). */
async function checkMx(resolver: Resolver, domain: string): Promise<RecordCheck> {
  const check = 'mx'
  try {
    const hosts = (await resolver.resolveMx(domain)).map(({ exchange }) => exchange).filter((host) => host !== '')
    if (hosts.length > 0) return { check, status: 'ok', answer: `${domain} takes mail at ${hosts.join(', ')}` }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code !== 'ENOTFOUND' && code !== 'ENODATA') return unreached(check, domain)
  }
  const answer = `${domain} takes no mail (MX), so rejections reach nobody, and some receivers refuse its mails`
  return { check, status: 'warn', answer }
}

async function checkSpf(ask: Ask, domain: string): Promise<RecordCheck> {
  const check = 'spf'
  const found = await ask(domain)
  if (!found) return unreached(check, domain)
  const records = found.filter((text) => /^v=spf1(\s|$)/i.test(text))
  const [record] = records
  if (record === undefined)
    return { check, status: 'warn', answer: `${domain} has no SPF record, so anyone may send as it` }
  if (records.length > 1) {
    return { check, status: 'warn', answer: `${domain} has ${records.length} SPF records, but only one is allowed` }
  }
  if (/\s\+?all(\s|$)/i.test(record)) return { check, status: 'warn', answer: `it allows every server: ${record}` }
  return { check, status: 'ok', answer: `${record} (check that it allows your mail server)` }
}

async function checkDkim(ask: Ask, dkim: DkimSettings | undefined): Promise<RecordCheck> {
  const check = 'dkim'
  if (!dkim) return { check, status: 'unknown', answer: 'authd does not sign mails. Check that your mail server does' }
  const name = `${dkim.selector}._domainkey.${dkim.domain}`
  const found = await ask(name)
  if (!found) return unreached(check, name)
  const [key] = found.flatMap((text) => /(?:^|;)\s*p=([^;]*)/.exec(text)?.[1]?.replace(/\s/g, '') ?? [])
  const publish = `v=DKIM1; k=rsa; p=${publicPart(dkim)}`
  if (key === undefined) return { check, status: 'warn', answer: `${name} has no key`, publish }
  if (key === '') return { check, status: 'warn', answer: `the key at ${name} was revoked` }
  if (key !== publicPart(dkim)) {
    return { check, status: 'warn', answer: `the key at ${name} does not match mail.dkim_key`, publish }
  }
  return { check, status: 'ok', answer: `${name} has the key that signs, and the domains are aligned` }
}

/** The key of a mail server that signs: only whether it is published can be known. */
async function checkSelector(ask: Ask, name: string): Promise<RecordCheck> {
  const check = 'dkim'
  const found = await ask(name)
  if (!found) return unreached(check, name)
  const isPublished = found.some((text) => /(?:^|;)\s*p=[^;\s]/.test(text))
  return isPublished
    ? { check, status: 'ok', answer: `${name} has a key` }
    : { check, status: 'warn', answer: `${name} has no key` }
}

/** Reads the record of the domain, or of its nearest parent that has one (RFC 7489 §6.6.3). There, sp= applies. */
async function checkDmarc(ask: Ask, domain: string): Promise<RecordCheck> {
  const check = 'dmarc'
  const labels = domain.split('.')
  for (let first = 0; first < Math.max(1, labels.length - 1); first += 1) {
    const name = `_dmarc.${labels.slice(first).join('.')}`
    const found = await ask(name)
    if (!found) return unreached(check, name)
    const record = found.find((text) => /^v=DMARC1/i.test(text))
    if (record === undefined) continue
    const below = first > 0 ? /;\s*sp=(\w+)/i.exec(record)?.[1] : undefined
    const policy = below ?? /;\s*p=(\w+)/i.exec(record)?.[1] ?? 'none'
    if (policy !== 'none') return { check, status: 'ok', answer: record }
    return { check, status: 'warn', answer: `${name} has the policy "none", so receivers accept forged mails` }
  }
  return { check, status: 'warn', answer: `_dmarc.${domain} has no DMARC record` }
}

function unreached(check: RecordCheck['check'], name: string): RecordCheck {
  return { check, status: 'unknown', answer: `looking up ${name} failed` }
}

function publicPart({ privateKey }: DkimSettings): string {
  return createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'der' }).toString('base64')
}
