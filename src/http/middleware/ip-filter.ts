import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { recordEvent } from '../../flows/event.ts'
import { type IpVerdict, ipRules, judge, scopeOf } from '../../flows/ip-filter.ts'
import { HOUR, SECOND } from '../../platform/clock.ts'
import { ipBucket } from '../../platform/ip.ts'
import type { FilterScope } from '../../store/ip-filters.ts'
import type { Context, Next } from '../context.ts'
import { originOf } from '../origin.ts'

/** Clients whose hit is in the audit log already; beyond so many it begins anew. */
const REMEMBERED = 10_000

/** Keeps out whom the rules of `authd ipfilter` keep out. Why is not told; it is in the audit log, once an hour a client. */
export function ipFilter(deps: Deps) {
  const refuse = ipRefusal(deps)
  return async (ctx: Context, next: Next): Promise<void> => {
    await refuse(ctx)
    await next()
  }
}

/** The check alone, of the address that a request has now. */
export function ipRefusal(deps: Deps) {
  const noteHit = hitRecorder(deps)
  return async (ctx: Context): Promise<void> => {
    const scope = scopeOf(ctx.path)
    const defaults = deps.config.current().ipfilter
    const verdict = judge(await ipRules(deps), { ip: ctx.state.ip, scope, now: deps.clock.now(), defaults })
    if (!verdict.isBlocked) return
    deps.metrics.count('ip_filter_hits_total', { scope })
    ctx.state.isPage = ctx.accepts('json', 'html') === 'html'
    await noteHit(ctx, scope, verdict)
    throw new AuthdError('ADDRESS_BLOCKED')
  }
}

/** A flood from a blocked network must not become a flood of rows: once an hour a client, and one a second in all. */
function hitRecorder(deps: Deps) {
  const noted = new Map<string, number>()
  let lastAt = Number.NEGATIVE_INFINITY
  return async (ctx: Context, scope: FilterScope, { rule }: IpVerdict): Promise<void> => {
    const now = deps.clock.now()
    const client = ipBucket(ctx.state.ip)
    if (now - (noted.get(client) ?? Number.NEGATIVE_INFINITY) < HOUR || Math.abs(now - lastAt) < SECOND) return
    if (noted.size >= REMEMBERED) noted.clear()
    noted.set(client, now)
    lastAt = now
    const metadata = { scope, ...(rule ? { rule: rule.id, cidr: rule.cidr } : { default: 'deny' }) }
    await deps.db.write((trx) =>
      recordEvent(deps, trx, originOf(ctx), { type: 'ip_filter.hit', outcome: 'failure', metadata }),
    )
  }
}
