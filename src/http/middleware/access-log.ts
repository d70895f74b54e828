import type { Deps } from '../../deps.ts'
import type { Context, Next } from '../request/context.ts'

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PUT'])

/** Logs one line per request and measures its time. The query is left out, because links carry tokens in it. */
export function accessLog({ log, metrics }: Pick<Deps, 'log' | 'metrics'>) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const startedAt = performance.now()
    await next()
    const ms = performance.now() - startedAt
    const { method, status } = ctx
    const route = ctx.state.route ?? 'other'
    const labels = { method: METHODS.has(method) ? method : 'other', path: route, status: String(status) }
    metrics.observe('http_request_duration_seconds', labels, ms / 1000)
    log.info('request', {
      request_id: ctx.state.requestId,
      ...(ctx.state.traceId !== undefined && { trace_id: ctx.state.traceId }),
      method,
      route,
      status,
      ms: Math.round(ms * 10) / 10,
      ip: ctx.state.ip,
    })
  }
}
