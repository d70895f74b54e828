import { isAscii } from 'node:buffer'
import { MIMEType } from 'node:util'
import type { z } from 'zod'
import { AuthdError } from '../../errors.ts'
import { plain, shortened } from '../../platform/plain-text.ts'
import { checkInput } from '../../resources/check-input.ts'
import type { Context, Next } from './context.ts'
import { pointerTo, refuseUnstorable } from './unstorable.ts'

const LIMIT_BYTES = 64 * 1024

/** The code of a field that asks for a grant other than a refresh token (RFC 6749 §5.2). */
export const UNSUPPORTED_GRANT = 'UNSUPPORTED_GRANT_TYPE'

const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Says whether the body of a request is read. */
export function isRead({ method }: { method: string }): boolean {
  return !BODILESS.has(method)
}

export type BodyType = 'json' | 'form'

const MEDIA_TYPE: Record<BodyType, string> = { json: 'application/json', form: 'application/x-www-form-urlencoded' }

export interface DeclaredBody {
  type: BodyType
  schema: z.ZodType
  /** Set if the route also takes the other of JSON and form: the schema for that. */
  also?: z.ZodType
}

/** The type that a body has, of those that a route takes. A body of neither counts as the first. */
function bodyTypeOf(ctx: Context, { type, also }: { type: BodyType; also?: unknown }): BodyType {
  const other = type === 'json' ? 'form' : 'json'
  return also !== undefined && contentTypeOf(ctx).type === MEDIA_TYPE[other] ? other : type
}

/** What a request says of its body. A text that cannot be parsed stays as it is, so that no type equals it. */
function contentTypeOf(ctx: Context): { type: string; charset: string } {
  const sent = ctx.get('Content-Type')
  try {
    // MIMEType drops a parameter with spaces around its equals sign.
    const { essence, params } = new MIMEType(sent.replaceAll(/[ \t]*=[ \t]*/g, '='))
    return { type: essence, charset: params.get('charset') || 'utf-8' }
  } catch {
    return { type: sent, charset: 'utf-8' }
  }
}

/**
 * Says whether a request to a route that takes a form gets the errors of RFC 6749: unless it is JSON, or has no type where
 * JSON is usual.
 */
export function isOauthCall(ctx: Context, { type, also }: { type: BodyType; also?: unknown }): boolean {
  const { type: sent } = contentTypeOf(ctx)
  const takesForm = type === 'form' || also !== undefined
  return takesForm && (sent === '' ? type === 'form' : sent !== MEDIA_TYPE.json)
}

/** Reads the whole body, at most 64 KiB, before the caller is identified. Throws PAYLOAD_TOO_LARGE, BAD_REQUEST. */
export async function receiveBody(ctx: Context, next: Next): Promise<void> {
  if (isRead(ctx)) {
    if (Number(ctx.get('Content-Length')) > LIMIT_BYTES) throw new AuthdError('PAYLOAD_TOO_LARGE')
    ctx.state.body = await readBytes(ctx)
  }
  await next()
}

/** The body as the declared type. A missing body becomes an empty object. Throws UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST. */
export function parseBody(ctx: Context, type: BodyType): unknown {
  if (ctx.get('Content-Encoding') !== '') throw new AuthdError('UNSUPPORTED_MEDIA_TYPE')
  const sent = contentTypeOf(ctx)
  if (ctx.state.body.length === 0 && sent.type === '') return {}
  if (sent.type !== MEDIA_TYPE[type] || !isAlsoUtf8(ctx.state.body, sent.charset))
    throw new AuthdError('UNSUPPORTED_MEDIA_TYPE')
  const text = decode(ctx.state.body)
  return type === 'json' ? parseJson(text) : parseForm(text)
}

/**
 * Says whether a body is the same text in UTF-8 as in the stated charset. JSON and forms are UTF-8, whatever a client states
 * (RFC 8259 §11, WHATWG URL §5). A charset that would read other text is a fault of the client.
 */
function isAlsoUtf8(bytes: Buffer, stated: string): boolean {
  const charset = stated.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
  if (/^(utf8|(us)?ascii)$/.test(charset)) return true
  return isAscii(bytes) && !/^(utf(7|16|32)|ucs|unicode|iso10646)/.test(charset)
}

/** The body of a route. Throws UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST, VALIDATION_ERROR. */
export function readBody(ctx: Context, declared: DeclaredBody): unknown {
  const type = bodyTypeOf(ctx, declared)
  const schema = type === declared.type ? declared.schema : (declared.also ?? declared.schema)
  const body = parseBody(ctx, type)
  return parseInput(schema, type === 'form' ? withoutEmpty(body) : body, 'body')
}

/** RFC 6749 §3.2: a parameter without a value counts as omitted. */
function withoutEmpty(fields: unknown): unknown {
  return Object.fromEntries(Object.entries(Object(fields)).filter(([, value]) => value !== ''))
}

/** The most faults that one answer names, so that a short request does not get a long answer. */
const ERRORS_MAX = 20

/**
 * Parses a value, which may hold only text that can be stored. Throws VALIDATION_ERROR with a JSON pointer for each
 * of the first faults, and the number of the others. `where` names the input in messages.
 */
export function parseInput<Schema extends z.ZodType>(schema: Schema, value: unknown, where: string): z.output<Schema> {
  refuseUnstorable(value)
  const result = checkInput(schema, value)
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => pointerTo(String(part))).join('')
    // The pointer leads to the unknown field itself, so that a client can mark it.
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        pointer: path + pointerTo(key),
        code: 'UNKNOWN_FIELD',
        message: issue.message,
      }))
    }
    return [{ pointer: path, code: codeOf(issue), message: issue.message }]
  })
  const [first] = errors
  const message = first && `${first.pointer.slice(1) || where}: ${first.message}`
  const more = errors.length - ERRORS_MAX
  const details = { errors: errors.slice(0, ERRORS_MAX), ...(more > 0 && { more }) }
  throw new AuthdError('VALIDATION_ERROR', { ...(message && { message }), details })
}

function codeOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'custom' && typeof issue.params?.['code'] === 'string') return issue.params['code']
  return issue.code.toUpperCase()
}

function decode(bytes: Buffer): string {
  try {
    // A byte order mark stays, so that JSON with one is rejected (RFC 8259 §8.1).
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new AuthdError('BAD_REQUEST', { message: 'The body is not UTF-8.', cause })
  }
}

function readBytes(ctx: Context): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    ctx.req.on('data', (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size <= LIMIT_BYTES) return
      ctx.req.pause()
      reject(new AuthdError('PAYLOAD_TOO_LARGE'))
    })
    ctx.req.on('end', () => resolve(Buffer.concat(chunks)))
    // The client disconnected or sent a malformed message. That is not a server fault.
    const refuse = (cause?: unknown) =>
      reject(new AuthdError('BAD_REQUEST', { message: 'The body did not arrive whole.', cause }))
    ctx.req.on('error', refuse)
    ctx.req.on('close', () => {
      if (!ctx.req.readableEnded) refuse()
    })
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AuthdError('BAD_REQUEST', { message: 'The body is not JSON.', cause })
  }
}

/** The fields of a form, or the parameters of a query. Throws BAD_REQUEST if one comes twice. */
export function parseForm(text: string): Record<string, string> {
  const fields: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    // RFC 6749 §3.2: a parameter must not come twice, known or not.
    if (name in fields)
      throw new AuthdError('BAD_REQUEST', { message: `The field ${plain(shortened(name, 100))} was sent twice.` })
    fields[name] = value
  }
  return { ...fields }
}
