import { promisify } from 'node:util'
import { brotliCompress, deflate, gzip, constants as levels, zstdCompress } from 'node:zlib'
import compress from 'koa-compress'
import type { Context, Next } from '../request/context.ts'
import { pathFilter } from '../request/router.ts'

/** The smallest first. */
const ENCODINGS = ['br', 'zstd', 'gzip', 'deflate'] as const
type Encoding = (typeof ENCODINGS)[number]

const ASSETS = '/assets/:name'
const THRESHOLD = 1024
const [BROTLI, ZSTD, ZLIB] = [promisify(brotliCompress), promisify(zstdCompress), { level: 9 }]

/** Each with its highest quality: an asset is compressed once, and sent to every visitor. */
const SMALLEST: Record<Encoding, (body: string | Buffer) => Promise<Buffer>> = {
  br: (body) => BROTLI(body, { params: { [levels.BROTLI_PARAM_QUALITY]: 11 } }),
  zstd: (body) => ZSTD(body, { params: { [levels.ZSTD_c_compressionLevel]: 19 } }),
  gzip: (body) => promisify(gzip)(body, ZLIB),
  deflate: (body) => promisify(deflate)(body, ZLIB),
}

/**
 * Compresses answers that are the same for all users. Answers with a token, and answers that echo a form, are never
 * compressed (BREACH) and bypass the compressor.
 */
export function compressPublic(routes: { path: string; publicMaxAge?: number }[]) {
  const paths = routes.filter(({ publicMaxAge }) => publicMaxAge !== undefined).map(({ path }) => path)
  const mayCompress = pathFilter([...paths, ASSETS])
  const isAsset = pathFilter([ASSETS])
  const compressed = compress({ threshold: THRESHOLD })
  const compressedOnce = compressOnce()
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!mayCompress(ctx.path)) return await next()
    ctx.vary('Accept-Encoding')
    const encoding = encodingFor(ctx)
    if (encoding === undefined) return await next()
    if (isAsset(ctx.path)) {
      await compressedOnce(ctx, next, encoding)
    } else {
      // koa-compress fails on headers that it reads differently. It gets the choice.
      ctx.req.headers['accept-encoding'] = encoding
      await compressed(ctx, next)
    }
    // Another encoding is another representation, so the tag is only equivalent (RFC 9110 §8.8.1).
    const tag = ctx.res.getHeader('ETag')
    if (tag !== undefined && ctx.res.hasHeader('Content-Encoding')) ctx.set('ETag', `W/${tag}`)
  }
}

/** Assets do not change while the program runs, so their compressed forms are kept. */
function compressOnce() {
  const kept = new Map<string, Promise<Buffer>>()
  return async (ctx: Context, next: Next, encoding: Encoding): Promise<void> => {
    await next()
    const { body } = ctx
    if (ctx.compress !== true || !(typeof body === 'string' || Buffer.isBuffer(body)) || body.length < THRESHOLD) return
    const form = `${encoding} ${ctx.path}`
    const packed = kept.get(form) ?? SMALLEST[encoding](body)
    kept.set(form, packed)
    ctx.body = await packed
    ctx.set('Content-Encoding', encoding)
  }
}

/** Undefined for no encoding, which a client also gets that rejects everything (RFC 9110 §12.5.3). */
function encodingFor(ctx: Context): Encoding | undefined {
  const wanted = ctx.acceptsEncodings([...ENCODINGS, 'identity'])
  if (wanted === false || wanted === 'identity') return undefined
  return ENCODINGS.find((encoding) => ctx.acceptsEncodings(encoding) === encoding)
}
