import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { recordEvent } from '../../flows/event.ts'
import { type IpVerdict, ipRules, judge, scopeOf } from '../../flows/limits/ip-filter.ts'
import { ipBucket } from '../../platform/net/ip.ts'
import type { FilterScope } from '../../store/ip-filters.ts'
import { actorOf } from '../actor.ts'
import type { Context, Next } from '../context.ts'
import { seldom } from '../seldom.ts'

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

function hitRecorder(deps: Deps) {
  const isTold = seldom(deps.clock)
  return async (ctx: Context, scope: FilterScope, { rule }: IpVerdict): Promise<void> => {
    if (!isTold(ipBucket(ctx.state.ip))) return
    const metadata = { scope, ...(rule ? { rule: rule.id, cidr: rule.cidr } : { default: 'deny' }) }
    await deps.db.write((trx) =>
      recordEvent(deps, trx, actorOf(ctx), { type: 'ip_filter.hit', outcome: 'failure', metadata }),
    )
  }
}
