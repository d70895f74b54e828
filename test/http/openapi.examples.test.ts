import { describe, expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/event.ts'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { openApiDocument } from '../../src/http/endpoint/openapi.ts'
import { adminObjects } from '../support/admin-objects.ts'
import { startAuthd } from '../support/harness.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }
const ENDPOINTS = allEndpoints(LIFECYCLE).map((declared) => ({
  ...declared,
  name: `${declared.method} ${declared.path}`,
}))
const DOCUMENT = openApiDocument(ENDPOINTS, { publicUrl: 'https://auth.example.com', version: '0' })

interface Content {
  content?: Record<string, { example?: unknown }>
}

/** The examples of a route: the request, and the answer on success. */
function documented({ method, path }: { method: string; path: string }) {
  const operations = DOCUMENT.paths[path.replace(/:(\w+)/g, '{$1}')] as Record<
    string,
    { requestBody?: Content; responses: Record<string, Content> }
  >
  const { requestBody, responses } = operations[method.toLowerCase()] ?? { responses: {} }
  const exampleIn = ({ content = {} }: Content) => Object.values(content)[0]?.example
  const [status = '', answer = {}] = Object.entries(responses).find(([code]) => code < '300') ?? []
  return { request: requestBody && exampleIn(requestBody), status: Number(status), answer: exampleIn(answer) }
}

/** The field names of objects, and of the first entry of lists. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf)
  if (typeof value !== 'object' || value === null) return ''
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'metadata')
      .map(([name, inner]) => [name, shapeOf(inner)]),
  )
}

describe('the examples of the OpenAPI document', () => {
  test.each(ENDPOINTS)('$name: the examples match the schemas', (declared) => {
    const { request, status, answer } = documented(declared)

    expect(declared.body?.schema.safeParse(request).error).toBeUndefined()
    expect(declared.answers[status]?.schema?.safeParse(answer).error).toBeUndefined()
  })

  test.each(ENDPOINTS.filter(({ path }) => path.startsWith('/admin/')))(
    '$name: sent as shown, it answers as shown',
    async (declared) => {
      const { request, status, answer } = documented(declared)
      const authd = await startAuthd()
      const id = await adminObjects(authd, 'grace@example.com')
      const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES], expiresAt: null }
      const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asAdmin)

      const path = declared.path.replace(/([\w-]+)\/:\w+/, (_, of) => `${of}/${id[of]}`)
      const reply = await authd
        .browser()
        .send(declared.method, path, { bearer, ...(declared.body && { json: request }) })

      expect([reply.status, shapeOf(reply.body)]).toEqual([status, shapeOf(answer ?? '')])
    },
  )
})
