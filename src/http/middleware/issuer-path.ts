import type { Context, Next } from '../request/context.ts'

/**
 * The metadata of an issuer with a path is asked for at the root of its host, with the path behind the well-known one
 * (RFC 8414 §3.1). The proxy must pass that address on as it is.
 */
export function issuerPath(publicUrl: string, metadataPath: string) {
  const { pathname } = new URL(publicUrl)
  const inserted = `${metadataPath}${pathname}`
  return async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path === inserted && pathname !== '/') ctx.path = metadataPath
    await next()
  }
}
