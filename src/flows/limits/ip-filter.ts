import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { CidrTable, parseCidr } from '../../platform/net/cidr.ts'
import { type FilterScope, type IpFilter, listIpFilters } from '../../store/ip-filters.ts'

export interface IpVerdict {
  isBlocked: boolean
  /** The rule that decided; undefined: the default of the scope did. */
  rule: IpFilter | undefined
}

export type IpRules = CidrTable<IpFilter>

/** The rules as this process has them: loaded once, and again within a second of a change. */
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
 * What the rules say of an address. Rules of the scope `all` and of the request's own count together: the longest
 * network wins, block before allow where two are as long. What none of them names has the default of `all` and of the
 * scope.
 */
export function judge(
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
  const isDenied =
    defaults.default === 'deny' ||
    (scope === 'login' && defaults.loginDefault === 'deny') ||
    (scope === 'admin' && defaults.adminDefault === 'deny')
  return { isBlocked: isDenied, rule: undefined }
}

/** Where signing in happens, for rules that are about that alone; `path` is the request's. */
export function scopeOf(path: string): FilterScope {
  if (path === '/admin' || path.startsWith('/admin/')) return 'admin'
  return LOGIN.some((start) => path === start || path.startsWith(`${start}/`)) ? 'login' : 'all'
}

const LOGIN = ['/signin', '/v1/signin', '/v1/stepup', '/invite', '/recover', '/restore-email', '/account/confirm']
