import helmet from 'koa-helmet'
import { templates } from '../../platform/texts/templates.ts'
import type { Context, Next } from '../request/context.ts'

const YEAR_S = 365 * 24 * 60 * 60

export interface HeaderOptions {
  publicUrl: string
  hsts: 'subdomains' | 'host' | 'off'
  /** Allowed redirects after a form: browsers also check them against `form-action`. */
  redirectUrls: readonly string[]
}

/** Sets koa-helmet's headers, computed once because they never change. Answers are not cached unless a route says so. */
export async function securityHeaders(options: HeaderOptions) {
  const headers = Object.entries(await collect(options))
  return async (ctx: Context, next: Next): Promise<void> => {
    for (const [name, value] of headers) ctx.res.setHeader(name, value)
    await next()
  }
}

async function collect({ publicUrl, hsts, redirectUrls }: HeaderOptions): Promise<Record<string, string>> {
  const isStrict = hsts !== 'off' && publicUrl.startsWith('https:')
  const formTargets = [...new Set(redirectUrls.map((url) => new URL(url).origin))]
  const middleware = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        styleSrc: ["'self'", templates().style.source],
        imgSrc: ["'self'"],
        formAction: ["'self'", ...formTargets],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    strictTransportSecurity: isStrict && { maxAge: 2 * YEAR_S, includeSubDomains: hsts === 'subdomains' },
    xFrameOptions: { action: 'deny' },
    // With no-referrer our own forms would send `Origin: null` and be rejected as cross-site.
    referrerPolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: true,
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    xPoweredBy: false,
  })
  const headers: Record<string, string> = {
    'permissions-policy':
      'camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)',
    'cache-control': 'no-store',
  }
  const set = (name: string, value: string) => {
    headers[name.toLowerCase()] = value
  }
  const fake = { req: {}, res: { setHeader: set, removeHeader() {} } }
  await middleware(fake as unknown as Parameters<typeof middleware>[0], async () => undefined)
  return headers
}
