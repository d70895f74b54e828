import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { metricsReader } from '../../flows/operator/gauges.ts'
import { digest, equalSecrets } from '../../platform/secret.ts'
import { bearerOf } from '../request/authorization.ts'
import type { Context, Next } from '../request/context.ts'

/**
 * Serves GET /metrics. On the main listener it needs `metrics.token`, or without one a direct request from this
 * machine, under localhost or a loopback address. With `metrics.listen` it is served only there.
 */
export function metricsPage(deps: Deps, { isOwnListener = false } = {}) {
  const { enabled, listen, token } = deps.config.current().metrics
  const read = metricsReader(deps)
  return async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path !== '/metrics' || !enabled || (listen !== undefined && !isOwnListener)) return await next()
    ctx.state.route = '/metrics'
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') {
      ctx.set('Allow', 'GET, HEAD')
      throw new AuthdError('METHOD_NOT_ALLOWED')
    }
    if (token === undefined) {
      // Others get a 404, as if /metrics did not exist.
      if (!isOwnListener && !isThisMachine(ctx)) return await next()
    } else if (!equalSecrets(digest(bearerOf(ctx.get('Authorization')) ?? ''), digest(token)))
      throw new AuthdError('UNAUTHORIZED')
    const { text, contentType } = await read()
    ctx.set('Content-Type', contentType)
    ctx.body = text
  }
}

/** True for a direct request from this machine under a host of it, false for one that a proxy on it forwarded. */
function isThisMachine({ state: { client } }: Context): boolean {
  return client.isLocal && !client.isForwarded
}
