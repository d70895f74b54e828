import type { Context, Next } from '../request/context.ts'

/**
 * The paths that a `public_url` with a path leads to. Most proxies strip it, some pass it on: both work. The metadata of
 * such an issuer is asked for at the root of its host, with the path behind the well-known one (RFC 8414 §3.1); the proxy
 * must pass that address on as it is. `routes`: the paths of authd. A public path that begins like one is not stripped here.
 */
export function publicPath(publicUrl: string, metadataPath: string, routes: readonly string[]) {
  const path = new URL(publicUrl).pathname.replace(/\/$/, '')
  const inserted = `${metadataPath}${path}`
  const isOwn = routes.some((route) => firstPart(route) === firstPart(path))
  return async (ctx: Context, next: Next): Promise<void> => {
    if (path !== '' && ctx.path === inserted) ctx.path = metadataPath
    else if (path !== '' && !isOwn && `${ctx.path}/`.startsWith(`${path}/`))
      ctx.path = ctx.path.slice(path.length) || '/'
    await next()
  }
}

function firstPart(path: string): string | undefined {
  return path.split('/')[1]
}
