import { describe, expect, test } from 'vitest'
import { startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { fc } from '../support/property.ts'

const TYPES = ['application/json', 'application/x-www-form-urlencoded'] as const
type Type = (typeof TYPES)[number]

/** A refresh with a made-up token. Its answer says whether the token was read. */
async function refresh(
  address: string,
  { type, parameters, token }: { type: Type; parameters: string; token: Buffer },
) {
  const isJson = type === TYPES[0]
  const [before, after] = isJson ? ['{"refresh_token":"', '"}'] : ['grant_type=refresh_token&refresh_token=', '']
  const body = Buffer.concat([Buffer.from(before), token, Buffer.from(after)])
  const headers = { 'Content-Type': type + parameters }
  const { status, text } = await exchange(`${address}/v1/token/refresh`, { method: 'POST', headers, body })
  const { code, error } = JSON.parse(text)
  return `${status} ${code ?? error}`
}

const WAS_READ = { [TYPES[0]]: '401 INVALID_TOKEN', [TYPES[1]]: '400 invalid_grant' }
const NOT_READ = { [TYPES[0]]: '415 UNSUPPORTED_MEDIA_TYPE', [TYPES[1]]: '400 invalid_request' }

const UNLIMITED = { config: { limits: { requests_per_minute: 1_000_000, guesses_per_hour: 1_000_000 } } }

const anyCase = (text: string) =>
  fc
    .array(fc.boolean(), { minLength: text.length, maxLength: text.length })
    .map((upper) => [...text].map((one, at) => (upper[at] ? one.toUpperCase() : one)).join(''))
const space = fc.constantFrom('', ' ', '  ', '\t')
const quote = fc.constantFrom('', '"')

/** A parameter of a media type as clients spell it. */
const parameter = (name: string, values: readonly string[]) =>
  fc
    .record({
      name: anyCase(name),
      value: fc.constantFrom(...values).chain(anyCase),
      quote,
      a: space,
      b: space,
      c: space,
    })
    .map((one) => `${one.a};${one.b}${one.name}${one.c}=${one.a}${one.quote}${one.value}${one.quote}`)

const UTF8 = ['utf-8', 'utf8', 'us-ascii', '']
const ASCII_TOO = ['iso-8859-1', 'latin1', 'windows-1252', 'iso-8859-15', 'shift_jis', 'gbk', 'x-unknown']
const OTHERS = ['utf-16', 'utf-16le', 'utf16', 'utf-32', 'ucs-2', 'utf-7']
const harmless = fc.oneof(
  fc.constantFrom('', ';', '; ', ' ;', ';;', '; x', ';=', '; =x', '; "'),
  parameter('profile', ['x', 'a.b']),
  parameter('boundary', ['x']),
  parameter('q', ['1']),
)

describe.each(TYPES)('the parameters of %s', (type) => {
  const ASCII = Buffer.from('x')
  const UMLAUT = Buffer.from('ü')

  test('are ignored if the body is the same text in the stated charset', async () => {
    const { address } = await startAuthd(UNLIMITED)
    const charset = fc.oneof(
      fc.tuple(parameter('charset', UTF8), fc.constantFrom(ASCII, UMLAUT)),
      fc.tuple(parameter('charset', ASCII_TOO), fc.constant(ASCII)),
      fc.tuple(fc.constant(''), fc.constantFrom(ASCII, UMLAUT)),
    )

    const property = fc.asyncProperty(harmless, charset, harmless, async (before, [stated, token], after) => {
      expect(await refresh(address, { type, parameters: before + stated + after, token })).toBe(WAS_READ[type])
    })

    await fc.assert(property)
  })

  test('are refused if the stated charset reads another text', async () => {
    const { address } = await startAuthd(UNLIMITED)
    const charset = fc.oneof(
      fc.tuple(parameter('charset', OTHERS), fc.constantFrom(ASCII, UMLAUT)),
      fc.tuple(parameter('charset', ASCII_TOO), fc.constant(UMLAUT)),
    )

    const property = fc.asyncProperty(charset, harmless, async ([stated, token], after) => {
      expect(await refresh(address, { type, parameters: stated + after, token })).toBe(NOT_READ[type])
    })

    await fc.assert(property)
  })

  test.each(['x', ' charset=utf-8', '+json', '/x', ', text/plain', ',application/json'])(
    'follow a semicolon: with "%s" it is another type',
    async (end) => {
      const { address } = await startAuthd()

      expect(await refresh(address, { type, parameters: end, token: ASCII })).toMatch(/^(415|400 invalid_request)/)
    },
  )
})
