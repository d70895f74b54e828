import { AuthdError } from '../../errors.ts'
import type { Context } from './context.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Accepts cookies only under authd's own host name, and for changes only from its own pages or listed origins. API
 * requests whose cookies do not count never get here, see own-credential.ts.
 */
export function refuseCrossSite(
  ctx: Context,
  {
    origin,
    host,
    allowedOrigins,
    cookies = [],
  }: { origin: string; host: string; allowedOrigins?: ReadonlySet<string>; cookies?: string[] },
): void {
  if (hostOf(ctx.get('Host'), new URL(origin).protocol) !== host) {
    throw new AuthdError('MISDIRECTED_REQUEST', {
      message: `This server is ${origin} (public_url). The request names another host.`,
    })
  }
  if (SAFE.has(ctx.method)) return
  if (allowedOrigins?.has(ctx.get('Origin'))) return
  const site = ctx.get('Sec-Fetch-Site')
  const isOwn = site === '' ? ctx.get('Origin') === origin : site === 'same-origin'
  if (isOwn) return
  throw new AuthdError('CROSS_SITE_REQUEST', cookies.length === 0 ? {} : blame(cookies, origin))
}

/** In lower case and without the default port of the scheme. Anything that is more than host and port stays as it is. */
function hostOf(header: string, protocol: string): string {
  const address = `${protocol}//${header}`
  return /^[^/\\?#@\s]+$/.test(header) && URL.canParse(address) ? new URL(address).host : header
}

function blame(cookies: string[], origin: string): { message: string; details: Record<string, unknown> } {
  const message = `The request has the cookie ${cookies.join(', ')}, so it must come from ${origin} or an origin in cors.allowed_origins. Clients other than browsers send no cookies.`
  return { message, details: { cookies } }
}
