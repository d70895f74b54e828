import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { documented, ENDPOINTS, inhabit } from '../support/documented.ts'
import { startAuthd } from '../support/harness.ts'

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
  test.each(ENDPOINTS)('$route: the examples match the schemas', (declared) => {
    const { request, status, answer } = documented(declared)

    expect(declared.body?.schema.safeParse(request).error).toBeUndefined()
    expect(declared.answers[status]?.schema?.safeParse(answer).error).toBeUndefined()
  })

  test.each(ENDPOINTS.filter(({ path }) => path.startsWith('/admin/')))(
    '$route: sent as shown, it answers as shown',
    async (declared) => {
      const { request, status, answer } = documented(declared)
      const authd = await startAuthd()
      const pathTo = await inhabit(authd)
      const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES], expiresAt: null }
      const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asAdmin)

      const reply = await authd
        .browser()
        .send(declared.method, pathTo(declared.path), { bearer, ...(declared.body && { json: request }) })

      expect([reply.status, shapeOf(reply.body)]).toEqual([status, shapeOf(answer ?? '')])
    },
  )
})
