import type { Log } from '../../deps.ts'
import type { Clock } from '../../platform/clock.ts'
import { HOUR } from '../../platform/clock.ts'
import { takeClient } from '../../platform/net/forwarded.ts'
import { foldIp } from '../../platform/net/ip.ts'
import type { Random } from '../../platform/random.ts'
import type { Context, Next } from '../context.ts'

const VALID = /^[A-Za-z0-9._-]{1,128}$/
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/

interface Parts {
  random: Pick<Random, 'id'>
  clock: Clock
  log: Log
}

/** Gives each request an id, and tells it back; a trusted proxy's own is kept, and its trace with it. Finds out whose request it is, too. */
export function requestId({ random, clock, log }: Parts, isTrusted: (ip: string) => boolean) {
  let warnedAt = Number.NEGATIVE_INFINITY
  return async (ctx: Context, next: Next): Promise<void> => {
    const peer = foldIp(ctx.req.socket.remoteAddress ?? '')
    const sent = ctx.get('X-Request-ID')
    const isFromProxy = peer !== undefined && isTrusted(peer)
    const isKept = isFromProxy && VALID.test(sent)
    const client = takeClient(peer ?? '', ctx.req.headers, isTrusted)
    ctx.state.requestId = isKept ? sent : random.id('req')
    ctx.state.traceId = isFromProxy ? TRACEPARENT.exec(ctx.get('traceparent'))?.[1] : undefined
    ctx.state.ip = client.ip
    ctx.state.client = client
    ctx.state.isStated = false
    ctx.state.identity = { kind: 'anonymous' }
    ctx.state.isPage = false
    ctx.state.isOauth = false
    ctx.set('X-Request-ID', ctx.state.requestId)
    if (client.isIgnored && clock.now() - warnedAt >= HOUR) {
      warnedAt = clock.now()
      log.warn('forwarding headers from a peer that is not in server.trusted_proxies', { peer })
    }
    await next()
  }
}
