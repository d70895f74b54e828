import type { Log } from '../../deps.ts'
import type { Context, Next } from '../context.ts'

/** One line a request, without its query: a link's token stands there. */
export function accessLog(log: Log) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const startedAt = performance.now()
    await next()
    log.info('request', {
      request_id: ctx.state.requestId,
      method: ctx.method,
      route: ctx.state.route ?? 'other',
      status: ctx.status,
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
      ip: ctx.state.ip,
    })
  }
}
