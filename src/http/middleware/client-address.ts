import type { Log } from '../../deps.ts'
import { type Clock, HOUR, isAhead } from '../../platform/clock.ts'
import { takeClient } from '../../platform/net/forwarded.ts'
import { foldIp } from '../../platform/net/ip.ts'
import { type Context, type Next, UNIDENTIFIED } from '../request/context.ts'

/** Then the limits of one client are those of all, and an IP filter cannot tell them apart. */
const NAMELESS = 'a trusted proxy sends neither X-Forwarded-For nor Forwarded: all its clients share its address'

const PROBES = /\/(health|liveness|readiness|metrics)$/

/**
 * Stores the client's address: the socket's, or the one that a trusted proxy forwards (forwarded.ts chooses). Warns
 * hourly of other proxies, and of a trusted one that does not name its clients.
 */
export function clientAddress({ clock, log }: { clock: Clock; log: Log }, isTrusted: (ip: string) => boolean) {
  const warnedAt = new Map<string, number>()
  const warnHourly = (message: string, peer: string | undefined) => {
    if (isAhead(clock.now(), (warnedAt.get(message) ?? Number.NEGATIVE_INFINITY) + HOUR, HOUR)) return
    warnedAt.set(message, clock.now())
    log.warn(message, { peer })
  }
  return async (ctx: Context, next: Next): Promise<void> => {
    const peer = foldIp(ctx.req.socket.remoteAddress ?? '')
    const client = takeClient(peer ?? '', ctx.req.headers, isTrusted)
    Object.assign(ctx.state, UNIDENTIFIED)
    ctx.state.isFromProxy = peer !== undefined && isTrusted(peer)
    ctx.state.ip = client.ip
    ctx.state.client = client
    if (client.isIgnored) warnHourly('forwarding headers from a peer that is not in server.trusted_proxies', peer)
    // A balancer asks for the health of this daemon on nobody's behalf.
    if (client.isNameless && !PROBES.test(ctx.path)) warnHourly(NAMELESS, peer)
    await next()
  }
}
