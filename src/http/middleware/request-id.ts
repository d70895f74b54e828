import type { Random } from '../../platform/random.ts'
import type { Context, Next } from '../request/context.ts'

const VALID = /^[A-Za-z0-9._-]{1,128}$/

/** Gives each request an id and returns it in `X-Request-ID`. A valid id from a trusted proxy is kept. */
export function requestId({ random }: { random: Pick<Random, 'id'> }) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const sent = ctx.get('X-Request-ID')
    ctx.state.requestId = ctx.state.isFromProxy && VALID.test(sent) ? sent : random.id('req')
    ctx.set('X-Request-ID', ctx.state.requestId)
    await next()
  }
}
