import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { CidrTable, parseCidr } from '../../platform/net/cidr.ts'
import { takeClient } from '../../platform/net/forwarded.ts'
import { foldIp, ipBucket, ipMatcher } from '../../platform/net/ip.ts'
import { type FilterScope, type IpFilter, listIpFilters } from '../../store/ip-filters.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { seldom } from './hourly-record.ts'

export interface IpVerdict {
  isBlocked: boolean
  /** The rule that decided. Undefined if the scope's default did. */
  rule: IpFilter | undefined
}

export type IpRules = CidrTable<IpFilter>

/** The rules, at most a second old in this process. */
export async function ipRules(deps: Pick<Deps, 'cache'>): Promise<IpRules> {
  return await deps.cache.of('ip_filters', async (sql) => tableOf(await listIpFilters(sql)))
}

export function tableOf(filters: IpFilter[]): IpRules {
  const table: IpRules = new CidrTable()
  for (const filter of filters) {
    const parsed = parseCidr(filter.cidr)
    if (parsed) table.add(parsed.cidr, filter)
  }
  return table
}

/**
 * Judges an address. Rules with the scope `all` and rules with the request's scope count together: the longest prefix
 * wins, and block wins over allow. Without a match the defaults of `all` and of the scope decide.
 */
export function judgeAddress(
  rules: IpRules,
  { ip, scope, now, defaults }: { ip: string; scope: FilterScope; now: number; defaults: Config['ipfilter'] },
): IpVerdict {
  for (const here of rules.matches(ip)) {
    const inForce = here.filter(
      (rule) => (rule.scope === 'all' || rule.scope === scope) && (rule.expiresAt === null || rule.expiresAt > now),
    )
    const rule = inForce.find(({ action }) => action === 'block') ?? inForce[0]
    if (rule) return { isBlocked: rule.action === 'block', rule }
  }
  return { isBlocked: isDenied(defaults, scope), rule: undefined }
}

/** Says whether addresses without a rule are blocked in a scope. */
export function isDenied(defaults: Config['ipfilter'], scope: FilterScope): boolean {
  return (
    defaults.default === 'deny' ||
    (scope === 'login' && defaults.loginDefault === 'deny') ||
    (scope === 'admin' && defaults.adminDefault === 'deny')
  )
}

/**
 * Returns the check for each request. It throws ADDRESS_BLOCKED for an address that the rules block, without saying
 * why, and records the refusal at most once an hour per client.
 */
export function ipGate(deps: Deps): (request: { ip: string; path: string; actor: () => Actor }) => Promise<void> {
  const isDue = seldom(deps.clock)
  return async ({ ip, path, actor }) => {
    const scope = scopeOf(path)
    const defaults = deps.config.current().ipfilter
    const { isBlocked, rule } = judgeAddress(await ipRules(deps), { ip, scope, now: deps.clock.now(), defaults })
    if (!isBlocked) return
    deps.metrics.count('ip_filter_hits_total', { scope })
    if (isDue(ipBucket(ip))) {
      const metadata = { scope, ...(rule ? { rule: rule.id, cidr: rule.cidr } : { default: 'deny' }) }
      const event = { type: 'ip_filter.hit', outcome: 'failure', metadata } as const
      await deps.db.write((trx) => recordEvent(deps, trx, actor(), event))
    }
    throw new AuthdError('ADDRESS_BLOCKED')
  }
}

export interface CheckedAddress extends IpVerdict {
  ip: string
  scope: FilterScope
  peer: string
  /** The peer sent forwarding headers but is not in `server.trusted_proxies`. */
  isIgnored: boolean
}

/** Judges a request that an operator describes. Throws VALIDATION_ERROR for a peer that is not an IP address. */
export async function checkAddress(
  deps: Deps,
  { peer: text, path, forwardedFor }: { peer: string; path: string; forwardedFor: string | undefined },
): Promise<CheckedAddress> {
  const { server, ipfilter: defaults } = deps.config.current()
  const peer = foldIp(text.trim())
  if (peer === undefined) throw new AuthdError('VALIDATION_ERROR', { message: `"${text}" is not an IP address.` })
  const headers = { 'x-forwarded-for': forwardedFor }
  const { ip, isIgnored } = takeClient(peer, headers, ipMatcher(server.trustedProxies))
  const scope = scopeOf(path)
  const verdict = judgeAddress(await ipRules(deps), { ip, scope, now: deps.clock.now(), defaults })
  return { ...verdict, ip, scope, peer, isIgnored }
}

/** Returns the scope of a request's path. Rules with the scope `login` hold only where users sign in. */
function scopeOf(path: string): FilterScope {
  if (path === '/admin' || path.startsWith('/admin/')) return 'admin'
  return LOGIN.some((start) => path === start || path.startsWith(`${start}/`)) ? 'login' : 'all'
}

const LOGIN = ['/signin', '/v1/signin', '/v1/stepup', '/invite', '/recover', '/restore-email', '/account/confirm']
