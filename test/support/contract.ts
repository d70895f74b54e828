import { z } from 'zod'
import type { Reply } from './http-client.ts'
import { type Document, inlined, type Operation, type Response, resolve, type Schema } from './openapi.ts'

/** The same for every daemon of this build, apart from its address. */
let known: Promise<Document> | undefined

const validators = new Map<object, z.ZodType>()
const matchers = new Map<string, RegExp>()

/** Those that are special to some answers. All others come with every answer. */
const SPECIAL_HEADERS = [
  'ETag',
  'Link',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Set-Cookie',
  'WWW-Authenticate',
  'X-Total-Count',
  'X-Total-Count-Capped',
]

/** Throws if a response of a documented route has an undocumented status, header, type or body. */
export async function assertDocumented(
  url: string,
  { method, path, reply }: { method: string; path: string; reply: Reply },
): Promise<void> {
  known ??= fetch(`${url}/openapi.json`).then((r) => r.json() as Promise<Document>)
  const document = await known
  const operation = findOperation(document.paths, method, path)
  if (!operation) return
  const where = `${method} ${path} → ${reply.status}`
  const documented = operation.responses[String(reply.status)]
  if (!documented) throw new Error(`${where}: this status is not documented. Body: ${JSON.stringify(reply.body)}`)
  const { content, headers = {} } = resolve<Response>(document, documented)
  for (const name of SPECIAL_HEADERS) {
    const isSent = reply.headers.has(name)
    if (isSent && !headers[name]) throw new Error(`${where}: the header ${name} is not documented`)
    if (!isSent && headers[name]?.required) throw new Error(`${where}: the header ${name} is missing`)
  }
  if (!content) {
    if (reply.body !== '') throw new Error(`${where}: no body is documented`)
    return
  }
  if (method === 'HEAD') return
  const sent = reply.headers.get('Content-Type') ?? ''
  const media = content[sent.split(';')[0] ?? '']
  if (!media) throw new Error(`${where}: documented as ${Object.keys(content)}, sent as ${sent}`)
  const result = validatorOf(document, media.schema).safeParse(reply.body)
  if (!result.success) throw new Error(`${where}: ${z.prettifyError(result.error)}\n${JSON.stringify(reply.body)}`)
}

function validatorOf(document: Document, schema: Schema): z.ZodType {
  const validator = validators.get(schema) ?? z.fromJSONSchema(inlined(document, schema, { isClosed: true }))
  validators.set(schema, validator)
  return validator
}

function findOperation(paths: Document['paths'], method: string, path: string): Operation | undefined {
  const [pathname = ''] = path.split('?')
  for (const [pattern, operations] of Object.entries(paths)) {
    const matcher =
      matchers.get(pattern) ?? new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
    matchers.set(pattern, matcher)
    const operation = operations[method.toLowerCase()]
    if (operation && matcher.test(pathname)) return operation
  }
  return undefined
}
