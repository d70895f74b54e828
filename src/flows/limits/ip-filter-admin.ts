import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { type Cidr, parseCidr } from '../../platform/net/cidr.ts'
import { foldIp, ipMatcher } from '../../platform/net/ip.ts'
import { unplainIn } from '../../platform/plain-text.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import {
  deleteExpiredIpFilter,
  deleteIpFilters,
  type FilterAction,
  type FilterScope,
  type IpFilter,
  listIpFilters,
  upsertIpFilter,
} from '../../store/ip-filters.ts'
import { listLiveAddresses } from '../../store/sessions.ts'
import { PART, partsOf } from '../bulk-units.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { type EndedSession, endSessionsIn } from '../sessions/end-session.ts'
import { judgeAddress, tableOf } from './ip-filter.ts'
import { type Locker, lockoutRisk, riskOfRemoval } from './lockout-risk.ts'

/** Networks with a shorter prefix cover much of the internet. */
const WIDEST = { 4: 8, 6: 32 } as const

export interface NewRule {
  cidr: string
  reason: string
}

export interface AddRules extends Locker {
  rules: NewRule[]
  /** Addresses of the machine that adds them: the daemon's, or the operator's at its shell. */
  machine?: readonly string[] | undefined
  action: FilterAction
  scope: FilterScope
  expiresAt: number | null
  keepSessions: boolean
}

/**
 * Adds rules, after checking all of them. Sessions that a new block covers end, unless `keepSessions`. Throws
 * VALIDATION_ERROR, LOCKOUT_RISK.
 */
export async function addIpFilters(
  deps: Deps,
  actor: Actor,
  input: AddRules,
): Promise<{ filters: IpFilter[]; ended: EndedSession[] }> {
  const parsed = input.rules.map(({ cidr, reason }) => ({ cidr: checkedCidr(cidr), reason: checkedReason(reason) }))
  if (input.action === 'block' && !input.acceptsLockout) {
    for (const { cidr } of parsed) refuseRisk(deps, cidr, input)
  }
  const now = deps.clock.now()
  const filters: IpFilter[] = []
  for (const part of partsOf(parsed)) {
    const written = await deps.db.write(async (trx) => {
      await bumpEpoch(trx, 'ip_filters')
      const batch: IpFilter[] = []
      for (const { cidr, reason } of part) {
        const { action, scope, expiresAt } = input
        const filter = await upsertIpFilter(trx, {
          id: deps.random.id('ipf'),
          cidr: cidr.text,
          action,
          scope,
          reason,
          createdAt: now,
          createdBy: actor.id,
          expiresAt,
        })
        await recordRule(deps, trx, actor, 'ip_filter.added', filter)
        batch.push(filter)
      }
      return batch
    })
    filters.push(...written)
  }
  const mayEnd = input.action === 'block' && input.scope === 'all' && !input.keepSessions
  return { filters, ended: mayEnd ? await endCovered(deps, actor, filters) : [] }
}

/**
 * Removes rules by id or network, after looking for all of them; returns them. Throws IP_FILTER_NOT_FOUND for the first
 * unknown one, LOCKOUT_RISK.
 */
export async function removeIpFilters(
  deps: Deps,
  actor: Actor,
  { names, ...locker }: Locker & { names: string[] },
): Promise<IpFilter[]> {
  const stored = new Set(names.map(await ruleFinder(deps)))
  const isRemoved = ({ id, cidr }: IpFilter) => stored.has(id) || stored.has(cidr)
  return await removeRules(deps, actor, {
    names: [...stored],
    remove: deleteIpFilters,
    refusal: (trx) => riskOfRemoval(deps, trx, { ...locker, isRemoved }),
  })
}

/** Finds out whether there is a rule with an id or a network, and returns it as it is stored. Throws IP_FILTER_NOT_FOUND. */
export async function ruleFinder(deps: Pick<Deps, 'db'>): Promise<(name: string) => string> {
  const rules = await deps.db.read((sql) => listIpFilters(sql))
  const known = new Set(rules.flatMap(({ id, cidr }) => [id, cidr]))
  return (name) => {
    const stored = parseCidr(name)?.cidr.text ?? name
    if (!known.has(stored)) throw notFound(name)
    return stored
  }
}

/** Deletes expired rules, which have no effect any more. */
export async function pruneIpFilters(deps: Deps, actor: Actor): Promise<IpFilter[]> {
  const now = deps.clock.now()
  const expired = await deps.db.read((sql) => listIpFilters(sql, { expiredAt: now }))
  return await removeRules(deps, actor, {
    names: expired.map(({ id }) => id),
    // A rule may have been written again meanwhile.
    remove: (trx, id) => deleteExpiredIpFilter(trx, id, now),
    refusal: async () => undefined,
  })
}

interface Removal {
  names: string[]
  remove(trx: Trx, name: string): Promise<IpFilter[]>
  refusal(trx: Trx): Promise<AuthdError | undefined>
}

async function removeRules(deps: Deps, actor: Actor, { names, remove, refusal }: Removal): Promise<IpFilter[]> {
  const all: IpFilter[] = []
  for (const part of partsOf(names)) {
    const removed = await decide(deps, async (trx) => {
      const refused = await refusal(trx)
      if (refused) return refused
      await bumpEpoch(trx, 'ip_filters')
      const removed: IpFilter[] = []
      for (const name of part) removed.push(...(await remove(trx, name)))
      for (const filter of removed) await recordRule(deps, trx, actor, 'ip_filter.removed', filter)
      return removed
    })
    all.push(...removed)
  }
  return all
}

export async function listRules(
  deps: Deps,
  { action, isExpired }: { action?: FilterAction | undefined; isExpired: boolean },
): Promise<IpFilter[]> {
  const now = deps.clock.now()
  const filter = isExpired ? { expiredAt: now, action } : { liveAt: now, action }
  return await deps.db.read((sql) => listIpFilters(sql, filter))
}

async function recordRule(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  type: 'ip_filter.added' | 'ip_filter.removed',
  { id, cidr, action, scope, reason, expiresAt }: IpFilter,
): Promise<void> {
  const rule = { rule: id, cidr, action, scope, rule_reason: reason }
  await recordEvent(deps, trx, actor, {
    type,
    metadata: { ...rule, ...(expiresAt !== null && { expires_at: toRfc3339(expiresAt) }) },
  })
}

/** Ends the live sessions whose address the new rules block, judged together with the older rules. */
async function endCovered(deps: Deps, actor: Actor, added: IpFilter[]): Promise<EndedSession[]> {
  const now = deps.clock.now()
  const ids = new Set(added.map(({ id }) => id))
  const others = (await deps.db.read((sql) => listIpFilters(sql, { liveAt: now }))).filter(({ id }) => !ids.has(id))
  const rules = tableOf([...others, ...added])
  const defaults = deps.config.current().ipfilter
  const ended: EndedSession[] = []
  let after = ''
  for (;;) {
    const live = await deps.db.read((sql) => listLiveAddresses(sql, { now, after }, PART))
    const covered = live.filter(({ ip }) => {
      const { isBlocked, rule } = judgeAddress(rules, { ip, scope: 'all', now, defaults })
      return isBlocked && rule !== undefined && ids.has(rule.id)
    })
    if (covered.length > 0) {
      const filter = { ids: covered.map(({ id }) => id) }
      ended.push(...(await deps.db.write((trx) => endSessionsIn(deps, trx, actor, { filter, reason: 'ip_blocked' }))))
    }
    const last = live.at(-1)
    if (live.length < PART || !last) return ended
    after = last.id
  }
}

/** The network that a rule is for. Throws VALIDATION_ERROR. */
export function checkedCidr(text: string): Cidr {
  const parsed = parseCidr(text)
  const errors = [{ pointer: '/cidr', code: 'NOT_A_NETWORK' }]
  if (!parsed) {
    const message = `cidr: "${text}" is not an address or a network. Write 203.0.113.9, 203.0.113.0/24 or 2001:db8::/32.`
    throw new AuthdError('VALIDATION_ERROR', { message, details: { errors } })
  }
  if (parsed.hasHostBits) {
    const message = `cidr: "${text}" is an address inside the network ${parsed.cidr.text}. Write the network, or the address alone.`
    throw new AuthdError('VALIDATION_ERROR', { message, details: { errors } })
  }
  return parsed.cidr
}

function checkedReason(reason: string): string {
  const text = reason.trim()
  if (text !== '' && text.length <= 200 && unplainIn(text) === undefined) return text
  throw new AuthdError('VALIDATION_ERROR', {
    message: 'reason: say why, in 1 to 200 characters, for the operator who finds the rule next year.',
    details: { errors: [{ pointer: '/reason', code: 'MISSING' }] },
  })
}

/** Throws LOCKOUT_RISK for a rule that would probably lock out the operator, this machine, or much of the internet. */
function refuseRisk(deps: Pick<Deps, 'config'>, cidr: Cidr, { own, machine = [] }: AddRules): void {
  const isInside = ipMatcher([cidr.text])
  const holds = (text: string) => {
    const ip = foldIp(text.split('/')[0] ?? '')
    return ip !== undefined && isInside(ip)
  }
  const { trustedProxies } = deps.config.current().server
  const proxy = trustedProxies.find(holds)
  const risk =
    own !== undefined && holds(own)
      ? `contains your own address ${own}`
      : ['127.0.0.1', '::1', ...machine].some(holds)
        ? 'contains this machine itself'
        : proxy !== undefined
          ? `contains the trusted proxy ${proxy}`
          : cidr.bits < WIDEST[cidr.family]
            ? `is wider than a /${WIDEST[cidr.family]}`
            : undefined
  if (risk !== undefined) throw lockoutRisk(`${cidr.text} ${risk}`)
}

function notFound(name: string): AuthdError {
  return new AuthdError('IP_FILTER_NOT_FOUND', { message: `No rule "${name}".`, suggestions: ['authd ipfilter list'] })
}
