import { clientIp, foldIp } from '../../platform/ip.ts'
import type { Random } from '../../platform/random.ts'
import type { Context, Next } from '../context.ts'

const VALID = /^[A-Za-z0-9._-]{1,128}$/

/** Gives each request an id, and tells it back; a trusted proxy's own is kept. Finds out whose request it is, too. */
export function requestId(random: Pick<Random, 'id'>, isTrusted: (ip: string) => boolean) {
  return async (ctx: Context, next: Next): Promise<void> => {
    const peer = foldIp(ctx.req.socket.remoteAddress ?? '')
    const sent = ctx.get('X-Request-ID')
    const isKept = peer !== undefined && VALID.test(sent) && isTrusted(peer)
    ctx.state.requestId = isKept ? sent : random.id('req')
    ctx.state.ip = clientIp(peer ?? '', ctx.get('X-Forwarded-For'), isTrusted)
    ctx.state.identity = { kind: 'anonymous' }
    ctx.state.isPage = false
    ctx.state.isOauth = false
    ctx.set('X-Request-ID', ctx.state.requestId)
    await next()
  }
}
