import { z } from 'zod'
import type { Reply } from './http-client.ts'

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, z.core.JSONSchema.JSONSchema> }
}

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } & z.core.JSONSchema.JSONSchema }> }>
}

/** The same for every daemon of this build, apart from its address. */
let known: Promise<Document> | undefined

const validators = new Map<object, z.ZodType>()
const matchers = new Map<string, RegExp>()

/** Throws if a response of a documented route has an undocumented status, type or body. */
export async function assertDocumented(
  url: string,
  { method, path, reply }: { method: string; path: string; reply: Reply },
): Promise<void> {
  known ??= fetch(`${url}/openapi.json`).then((r) => r.json() as Promise<Document>)
  const { paths, components } = await known
  const operation = findOperation(paths, method, path)
  if (!operation) return
  const where = `${method} ${path} → ${reply.status}`
  const documented = operation.responses[String(reply.status)]
  if (!documented) throw new Error(`${where}: this status is not documented. Body: ${JSON.stringify(reply.body)}`)
  const { content } = documented
  if (!content) {
    if (reply.body !== '') throw new Error(`${where}: no body is documented`)
    return
  }
  if (method === 'HEAD') return
  const sent = reply.headers.get('Content-Type') ?? ''
  const media = content[sent.split(';')[0] ?? '']
  if (!media) throw new Error(`${where}: documented as ${Object.keys(content)}, sent as ${sent}`)
  const schema = media.schema.$ref ? components.schemas[media.schema.$ref.split('/').at(-1) ?? ''] : media.schema
  const result = validatorOf(schema ?? {}).safeParse(reply.body)
  if (!result.success) throw new Error(`${where}: ${z.prettifyError(result.error)}\n${JSON.stringify(reply.body)}`)
}

function validatorOf(schema: z.core.JSONSchema.JSONSchema): z.ZodType {
  const validator = validators.get(schema) ?? z.fromJSONSchema(schema)
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
