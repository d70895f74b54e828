import type { Log } from '../../deps.ts'
import { type Clock, HOUR, isAhead } from '../../platform/clock.ts'
import { takeClient } from '../../platform/net/forwarded.ts'
import { foldIp } from '../../platform/net/ip.ts'
import { type Context, type Next, UNIDENTIFIED } from '../request/context.ts'

/**
 * Stores the client's address: the socket's, or the one that a trusted proxy forwards (forwarded.ts chooses). Warns
 * hourly of other proxies.
 */
export function clientAddress({ clock, log }: { clock: Clock; log: Log }, isTrusted: (ip: string) => boolean) {
  let warnedAt = Number.NEGATIVE_INFINITY
  return async (ctx: Context, next: Next): Promise<void> => {
    const peer = foldIp(ctx.req.socket.remoteAddress ?? '')
    const client = takeClient(peer ?? '', ctx.req.headers, isTrusted)
    Object.assign(ctx.state, UNIDENTIFIED)
    ctx.state.isFromProxy = peer !== undefined && isTrusted(peer)
    ctx.state.ip = client.ip
    ctx.state.client = client
    if (client.isIgnored && !isAhead(clock.now(), warnedAt + HOUR, HOUR)) {
      warnedAt = clock.now()
      log.warn('forwarding headers from a peer that is not in server.trusted_proxies', { peer })
    }
    await next()
  }
}
