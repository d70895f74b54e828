import { expect, test } from 'vitest'
import { z } from 'zod'
import { AuthdError } from '../../src/errors.ts'
import { allEndpoints } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { parseInput } from '../../src/http/request/body.ts'
import { startAuthd } from '../support/harness.ts'
import { fc } from '../support/property.ts'

const LIFECYCLE = { version: '0', startedAt: 0, isStopping: () => false, isDevelopment: false }
const SCHEMAS = [
  ...allEndpoints(LIFECYCLE).flatMap(({ method, path, body, query }) =>
    [body?.schema, body?.also, query].flatMap((schema) => (schema ? [[`${method} ${path}`, schema] as const] : [])),
  ),
  ...PAGES.map(({ method, path, fields }) => [`${method} ${path} (page)`, fields] as const),
]

/** How zod words its texts, and what only a developer of authd understands. */
const FOREIGN =
  /invalid|expect|receiv|recogni[sz]ed|\btoo (big|small)|must (be|match|start|end|include)|pattern|\bNaN\b|nullish|undefined/i

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    '',
    'x'.repeat(70_000),
    '…',
    '\u202e',
    -1,
    0,
    1.5,
    1e300,
    Number.MAX_SAFE_INTEGER,
    [],
    {},
    true,
  ),
  fc.constantFrom<unknown>(
    '1e9',
    'yes',
    '2026-11-23',
    'a@b',
    'http:',
    '10.0.0.0/99',
    Array.from({ length: 2000 }, () => 'a'),
  ),
)

/** Every field of the schema with any value, some missing, some unknown; or no object at all. */
function inputOf(schema: z.ZodType): fc.Arbitrary<unknown> {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const values = Object.fromEntries([...Object.keys(properties), 'surplus'].map((name) => [name, anything]))
  return fc.oneof({ weight: 9, arbitrary: fc.record(values, { requiredKeys: [] }) }, anything)
}

test.each(SCHEMAS)('each fault in the input of %s is one of our sentences', (_, schema) => {
  fc.assert(
    fc.property(inputOf(schema), (input) => {
      try {
        parseInput(schema, input, 'body')
      } catch (error) {
        if (!(error instanceof AuthdError)) throw error
        // A link that lost a part has no field that a person filled in.
        if (error.code === 'LINK_INCOMPLETE') return
        const { errors } = error.details as { errors: { message: string }[] }
        for (const { message } of [error, ...errors]) expect(message).not.toMatch(FOREIGN)
        for (const { message } of errors) expect(message).toMatch(/^[A-Z].*\.$/s)
      }
    }),
    { numRuns: 50 },
  )
})

test('a fault names its field and what to write', async () => {
  const authd = await startAuthd()
  const send = async (json: unknown, path = '/v1/signin/code') => {
    const { status, body } = await authd.browser().post(path, { json })
    return [status, body.message]
  }

  const answers = [
    await send({}),
    await send({ code: 5 }),
    await send({ code: 'x'.repeat(1001) }),
    await send({ code: '' }),
    await send({ code: '123456', colour: 'red' }),
    await send([]),
    await send({ deliver: 'fax' }, '/v1/signin'),
  ]

  expect(answers).toEqual(
    [
      'code: This is missing. Write a text.',
      'code: Write a text.',
      'code: Write at most 1000 characters.',
      'code: Write at least one character.',
      'colour: Unknown field. Remove it.',
      'body: Write an object.',
      'deliver: Write "tokens" or "cookie".',
    ].map((message) => [400, message]),
  )
})
