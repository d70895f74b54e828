import compress from 'koa-compress'
import type { Context, Next } from '../request/context.ts'
import { pathFilter } from '../request/router.ts'

/** The best first. */
const ENCODINGS = ['zstd', 'br', 'gzip', 'deflate']

/**
 * Compresses answers that are the same for all users. Answers with a token, and answers that echo a form, are never
 * compressed (BREACH) and bypass the compressor.
 */
export function compressPublic(routes: { path: string; publicMaxAge?: number }[]) {
  const paths = routes.filter(({ publicMaxAge }) => publicMaxAge !== undefined).map(({ path }) => path)
  const mayCompress = pathFilter([...paths, '/assets/:name'])
  const compressed = compress({ threshold: 1024 })
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!mayCompress(ctx.path)) return await next()
    ctx.vary('Accept-Encoding')
    const encoding = encodingFor(ctx)
    if (encoding === undefined) return await next()
    // koa-compress fails on headers that it reads differently. It gets the choice.
    ctx.req.headers['accept-encoding'] = encoding
    await compressed(ctx, next)
    // Another encoding is another representation, so the tag is only equivalent (RFC 9110 §8.8.1).
    const tag = ctx.res.getHeader('ETag')
    if (tag !== undefined && ctx.res.hasHeader('Content-Encoding')) ctx.set('ETag', `W/${tag}`)
  }
}

/** Undefined for no encoding, which a client also gets that rejects everything (RFC 9110 §12.5.3). */
function encodingFor(ctx: Context): string | undefined {
  const wanted = ctx.acceptsEncodings([...ENCODINGS, 'identity'])
  if (wanted === false || wanted === 'identity') return undefined
  return ENCODINGS.find((encoding) => ctx.acceptsEncodings(encoding) === encoding)
}
