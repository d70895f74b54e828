import { z } from 'zod'
import { ROLES, SCOPES } from '../../../src/flows/operator/api-key.ts'
import { allEndpoints } from '../../../src/http/app.ts'
import { openApiDocument } from '../../../src/http/endpoint/openapi.ts'
import { fc } from '../../support/property.ts'

type Schema = z.core.JSONSchema.JSONSchema
interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema; example: Record<string, unknown> }> }
}

const ENDPOINTS = allEndpoints({ version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false })
const DOCUMENT = openApiDocument(ENDPOINTS, { publicUrl: 'https://auth.example.com', version: '0' })

export const ROUTES = ENDPOINTS.map(({ method, path, guard, body }) => {
  const operations = DOCUMENT.paths[path.replace(/:(\w+)/g, '{$1}')] as Record<string, Operation>
  const { requestBody, parameters = [] } = operations[method.toLowerCase()] ?? {}
  const media = Object.values(requestBody?.content ?? {})[0]
  return {
    name: `${method} ${path}`,
    method,
    path,
    guard,
    bodyType: body?.type,
    example: media?.example ?? {},
    schema: media?.schema ?? {},
    /** Says whether the document allows a body. */
    isDocumented: (value: unknown) => z.fromJSONSchema(media?.schema ?? {}).safeParse(value).success,
    query: parameters.filter((one) => one.in === 'query').map(({ name }) => name),
  }
})

export type Route = (typeof ROUTES)[number]

/** Who sends a request. `rightful`: whoever the route is for. Others are the names of scopes and roles of an API key. */
const CALLERS = ['rightful', 'nobody', 'cookie', 'access token', 'stepped-up token', ...SCOPES, ...Object.keys(ROLES)]

/** Values that no field expects. */
const ODD: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, '', ' ', [], {}, ['a'], { $ne: 1 }, [[[]]], { toString: 1 }],
  ...[
    'x'.repeat(5_000),
    'x'.repeat(70_000),
    '\u0007\u001b[31m',
    '\ud800',
    '\u202e',
    '💣',
    "' OR 1=1 --",
    '../..',
    '%s',
  ],
  ...[
    '{{7*7}}',
    '<b>',
    'a@b@c',
    'ADA@EXAMPLE.COM',
    '0'.repeat(65),
    '９９９９９９',
    '1e3',
    'null',
    '-1',
    '999999999999999999',
  ],
]
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/json; charset=utf-16',
  '',
]

/** The other user's things are known by their number. */
const theirs = fc.nat(30)
const odd = fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'grapheme' }))

/** How a request differs from one that succeeds. */
const change = (route: Route) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('none' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('their id' as const), theirs }) },
    fc.record({
      kind: fc.constant('path' as const),
      id: fc.constantFrom('%ff', '%zz', '..%2f..', '%', 'x'.repeat(3_000), '%20', '*', "'"),
    }),
    fc.record({ kind: fc.constant('query' as const), query: queryOf(route) }),
    ...(route.bodyType === undefined
      ? []
      : [
          { weight: 3, arbitrary: fc.record({ kind: fc.constant('their field' as const), field: fc.nat(5), theirs }) },
          { weight: 3, arbitrary: fc.record({ kind: fc.constant('field' as const), field: fc.nat(5), value: odd }) },
          {
            weight: 2,
            arbitrary: fc.record({ kind: fc.constant('body' as const), body: fc.oneof(fromSchema(route.schema), odd) }),
          },
          fc.record({ kind: fc.constant('no field' as const), field: fc.nat(5) }),
          fc.record({
            kind: fc.constant('more' as const),
            name: fc.constantFrom('x', '__proto__', 'constructor', 'user_id', 'id'),
            value: odd,
          }),
          fc.record({
            kind: fc.constant('text' as const),
            text: fc.constantFrom('{', '', '{}x', '[1,', DEEP, `{"email":${DEEP}}`, 'a=b&a=b', '%zz', '\ufeff{}'),
          }),
          fc.record({ kind: fc.constant('type' as const), type: fc.constantFrom(...TYPES) }),
        ]),
  )

/** Parameters, some of them twice and some in a bad encoding. */
function queryOf({ query }: Route) {
  const name = fc.constantFrom(...query, 'x')
  const value = fc.oneof(
    fc.constantFrom(
      '',
      '%',
      '%ff',
      '%zz',
      '-1',
      '0',
      '101',
      'null',
      'ada',
      '2026-01-01T00:00:00Z',
      "'",
      'x'.repeat(3_000),
    ),
    fc.string().map(encodeURIComponent),
  )
  return fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 })
}

/** Values that a schema of the document allows. */
function fromSchema(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if ('const' in schema) return fc.constant(schema.const)
  const kinds = (schema.anyOf ?? []) as Schema[]
  if (kinds.length > 0) return fc.oneof(...kinds.map(fromSchema))
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'integer' || schema.type === 'number')
    return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 9 })
  if (schema.type === 'array') return fc.array(fromSchema(schema.items as Schema), { maxLength: 4 })
  if (schema.type === 'object') return fromObject(schema)
  const strings = fc.string({ maxLength: Math.min(schema.maxLength ?? 40, 40), unit: 'grapheme' })
  return schema.examples ? fc.oneof(fc.constantFrom(...schema.examples), strings) : strings
}

function fromObject({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
  const fields = Object.entries(properties).map(([name, schema]) => [name, fromSchema(schema as Schema)])
  return fc.record<Record<string, unknown>>(Object.fromEntries(fields), { requiredKeys: required })
}

/** A call as data, so that a failure prints it. */
export const call = fc.constantFrom(...ROUTES).chain((route) =>
  fc.record({
    route: fc.constant(route.name),
    caller: fc.oneof(
      { weight: 3, arbitrary: fc.constant('rightful') },
      { weight: 2, arbitrary: fc.constantFrom(...CALLERS) },
    ),
    change: change(route),
  }),
)

export type Call = typeof call extends fc.Arbitrary<infer Value> ? Value : never
