import type { Config } from '../../config/schema.ts'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { holdTopic } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import { type FilterScope, type IpFilter, listIpFilters } from '../../store/ip-filters.ts'
import { listSystemConfig, SETTING } from '../../store/system-config.ts'
import { isDenied, judgeAddress, tableOf } from './ip-filter.ts'

/** Who changes what is blocked. Operators must not lock themselves out. */
export interface Locker {
  /** The operator's own address, if known. */
  own?: string | undefined
  acceptsLockout: boolean
}

type Defaults = Config['ipfilter']

const KEYS = {
  'ipfilter.default': 'all',
  'ipfilter.login_default': 'login',
  'ipfilter.admin_default': 'admin',
} as const
const SCOPES: readonly FilterScope[] = Object.values(KEYS)

/**
 * Holds the rules and settings that decide who is blocked, until the unit ends: each unit that may lock somebody out judges
 * what the one before it has left.
 */
async function holdRules(deps: Pick<Deps, 'clock'>, trx: Trx): Promise<IpFilter[]> {
  await holdTopic(trx, 'ip_filters')
  return await listIpFilters(trx, { liveAt: deps.clock.now() })
}

/** Returns LOCKOUT_RISK for an allow-list without the operator's own address. Called first in the unit that sets the key. */
export async function riskOfSetting(
  deps: Pick<Deps, 'clock'>,
  trx: Trx,
  { key, value, own, acceptsLockout }: Locker & { key: string; value: string },
): Promise<AuthdError | undefined> {
  const scope = Object.hasOwn(KEYS, key) ? KEYS[key as keyof typeof KEYS] : undefined
  if (scope === undefined) return undefined
  const rules = tableOf(await holdRules(deps, trx))
  if (acceptsLockout || value.toLowerCase() !== 'deny') return undefined
  const defaults = { default: 'deny', loginDefault: 'deny', adminDefault: 'deny' } as const
  const asked = { scope, now: deps.clock.now(), defaults }
  if (own !== undefined && !judgeAddress(rules, { ip: own, ...asked }).isBlocked) return undefined
  return lockoutRisk(`${doubtAbout(own, 'rule')} ${key} = deny could lock you out`)
}

/** Returns LOCKOUT_RISK if the operator's own address is blocked without these rules. Called first in the unit that removes them. */
export async function riskOfRemoval(
  deps: Pick<Deps, 'clock' | 'config'>,
  trx: Trx,
  { own, acceptsLockout, isRemoved }: Locker & { isRemoved: (rule: IpFilter) => boolean },
): Promise<AuthdError | undefined> {
  const before = await holdRules(deps, trx)
  const removed = before.filter((rule) => rule.action === 'allow' && isRemoved(rule))
  if (acceptsLockout || removed.length === 0) return undefined
  const defaults = await heldDefaults(deps, trx)
  const now = deps.clock.now()
  const isBlocked = (rules: IpFilter[], ip: string, scope: FilterScope) =>
    judgeAddress(tableOf(rules), { ip, scope, now, defaults }).isBlocked
  const kept = before.filter((rule) => !isRemoved(rule))
  const isRisk = SCOPES.some((scope) => {
    if (own !== undefined) return isBlocked(kept, own, scope) && !isBlocked(before, own, scope)
    return isDenied(defaults, scope) && removed.some((rule) => rule.scope === 'all' || rule.scope === scope)
  })
  if (!isRisk) return undefined
  return lockoutRisk(`${doubtAbout(own, 'other rule')} Removing ${removed[0]?.cidr} could lock you out`)
}

/** What another process has set counts at once, before this one hears of it. */
async function heldDefaults({ config }: Pick<Deps, 'config'>, trx: Trx): Promise<Defaults> {
  const { default: all, loginDefault, adminDefault } = config.current().ipfilter
  const stored = await listSystemConfig(trx, `${SETTING}ipfilter.`)
  const isStored = (key: keyof typeof KEYS) =>
    stored.some((row) => row.key === SETTING + key && row.value.toLowerCase() === 'deny')
  return {
    default: isStored('ipfilter.default') ? 'deny' : all,
    loginDefault: isStored('ipfilter.login_default') ? 'deny' : loginDefault,
    adminDefault: isStored('ipfilter.admin_default') ? 'deny' : adminDefault,
  }
}

function doubtAbout(own: string | undefined, rule: 'rule' | 'other rule'): string {
  return own === undefined
    ? 'authd does not know your own IP address.'
    : `No ${rule} allows your own IP address ${own}.`
}

export function lockoutRisk(what: string): AuthdError {
  return new AuthdError('LOCKOUT_RISK', { message: `${what}. Nothing was changed.`, details: { risk: 'lockout' } })
}
