import { z } from 'zod'
import { ROLES, SCOPES } from '../../../src/flows/operator/api-key.ts'
import { allEndpoints } from '../../../src/http/app.ts'
import { openApiDocument } from '../../../src/http/openapi/document.ts'
import { exampleIn, inlined, type Operation } from '../../support/openapi.ts'
import { fc } from '../../support/property.ts'
import { type Change, changeOf } from './changes.ts'

const ENDPOINTS = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false })
const DOCUMENT = openApiDocument(ENDPOINTS, { publicUrl: 'https://auth.example.com', version: '0' })

export const ROUTES = ENDPOINTS.map(({ method, path, guard, body }) => {
  const operations = DOCUMENT.paths[path.replace(/:(\w+)/g, '{$1}')] as Record<string, Operation>
  const { requestBody, parameters = [] } = operations[method.toLowerCase()] ?? {}
  const media = Object.values(requestBody?.content ?? {})[0]
  const schema = inlined(DOCUMENT, media?.schema ?? {})
  return {
    name: `${method} ${path}`,
    method,
    path,
    guard,
    bodyType: body?.type,
    example: exampleIn(DOCUMENT, media?.schema ?? {}) as Record<string, unknown>,
    schema,
    /** Says whether the document allows a body. */
    isDocumented: (value: unknown) => z.fromJSONSchema(schema).safeParse(value).success,
    query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
  }
})

export type Route = (typeof ROUTES)[number]

/** Who sends a request. `rightful`: a caller that the route is for. Others are the names of scopes and roles of an API key. */
const CALLERS = ['rightful', 'nobody', 'cookie', 'access token', 'stepped-up token', ...SCOPES, ...Object.keys(ROLES)]

export interface Call {
  route: string
  caller: string
  change: Change
}

/** A call as data, so that a failure prints it. */
export function callOf(route: Route): fc.Arbitrary<Call> {
  const rightful = { weight: 3, arbitrary: fc.constant('rightful') }
  return fc.record({
    route: fc.constant(route.name),
    caller: fc.oneof(rightful, { weight: 2, arbitrary: fc.constantFrom(...CALLERS) }),
    change: changeOf(route),
  })
}
