import type { Schema } from '../../support/openapi.ts'
import { fc } from '../../support/property.ts'
import type { Route } from './calls.ts'

/** How a request differs from one that succeeds. The other user's things, and the fields, are known by their number. */
export type Change =
  | { kind: 'none' }
  | { kind: 'their id'; theirs: number }
  | { kind: 'path'; id: string }
  | { kind: 'query'; query: [string, string][] }
  | { kind: 'header'; name: string; value: string }
  | { kind: 'their header'; name: string; theirs: number }
  | { kind: 'their field'; field: number; theirs: number }
  | { kind: 'field'; field: number; value: unknown }
  | { kind: 'no field'; field: number }
  | { kind: 'more'; name: string; value: unknown }
  | { kind: 'body'; body: unknown }
  | { kind: 'text'; text: string }
  | { kind: 'type'; type: string }

/** Values that no field expects. */
const ODD: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, '', ' ', [], {}, ['a'], { $ne: 1 }, [[[]]], { toString: 1 }],
  ...[
    'x'.repeat(5_000),
    'x'.repeat(70_000),
    '\u0007\u001b[31m',
    '\u0000',
    'a\u0000b',
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

const TEXTS = ['{', '', '{}x', '[1,', DEEP, `{"email":${DEEP}}`, 'a=b&a=b', '%zz', '\ufeff{}']
const PATHS = ['%00', '%ff', '%zz', '..%2f..', '%', 'x'.repeat(3_000), '%20', '*', "'"]

const HEADERS = [
  ...['Authorization', 'Cookie', 'Host', 'Origin', 'Sec-Fetch-Site', 'Idempotency-Key', 'If-None-Match', 'User-Agent'],
  ...['Accept', 'Accept-Encoding', 'Accept-Language', 'Content-Encoding', 'Range', 'X-Request-ID'],
  ...['Authd-Client-IP', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-HTTP-Method-Override', 'X-User-Id'],
]
const HEADER_VALUES = [
  ...[
    '',
    '*',
    'null',
    '0',
    'é\x80',
    '%00',
    "'",
    ';=;',
    '__proto__',
    'x'.repeat(5_000),
    'a, b; q=9',
    'bytes=0-0',
    'gzip',
  ],
  ...['Bearer', 'Bearer a b', 'Bearer key_x.y', 'Basic %', 'Basic Og==', 'DELETE', '127.0.0.1', '::1', 'for="[::1]"'],
  ...[
    'authd=',
    'authd=ses_x.y; authd=ses_x.z',
    'authd-attempt=~~~',
    'authd-device=dev_x.y',
    'https://evil.example.com',
  ],
]

const odd = fc.oneof(fc.constantFrom(...ODD), fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'grapheme' }))
const number = fc.nat(30)

export function changeOf(route: Route): fc.Arbitrary<Change> {
  const hasId = route.path.includes(':')
  const hasBody = route.bodyType !== undefined
  return fc.oneof(
    some(1, 'none', {}),
    some(1, 'query', { query: queryOf(route) }),
    some(1, 'header', { name: fc.constantFrom(...HEADERS), value: fc.constantFrom(...HEADER_VALUES) }),
    some(1, 'their header', { name: fc.constantFrom(...HEADERS), theirs: number }),
    some(hasId ? 4 : 0, 'their id', { theirs: number }),
    some(hasId ? 1 : 0, 'path', { id: fc.constantFrom(...PATHS) }),
    some(hasBody ? 3 : 0, 'their field', { field: number, theirs: number }),
    some(hasBody ? 3 : 0, 'field', { field: number, value: odd }),
    some(hasBody ? 1 : 0, 'no field', { field: number }),
    some(hasBody ? 1 : 0, 'more', {
      name: fc.constantFrom('x', '__proto__', 'constructor', 'user_id', 'id'),
      value: odd,
    }),
    some(hasBody ? 2 : 0, 'body', { body: fc.oneof(fromSchema(route.schema), odd) }),
    some(hasBody ? 1 : 0, 'text', { text: fc.constantFrom(...TEXTS) }),
    some(hasBody ? 1 : 0, 'type', { type: fc.constantFrom(...TYPES) }),
  )
}

function some<Kind extends Change['kind']>(
  weight: number,
  kind: Kind,
  fields: {
    [Name in Exclude<keyof Extract<Change, { kind: Kind }>, 'kind'>]: fc.Arbitrary<
      Extract<Change, { kind: Kind }>[Name]
    >
  },
) {
  const made = fc.record<Record<string, unknown>>({ kind: fc.constant(kind), ...fields })
  return { weight, arbitrary: made as unknown as fc.Arbitrary<Change> }
}

/** Parameters, some of them twice and some in a bad encoding. */
function queryOf({ query }: Route): fc.Arbitrary<[string, string][]> {
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
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => fromSchema({ ...schema, type })))
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
