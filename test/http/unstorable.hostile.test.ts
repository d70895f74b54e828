import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { wholeDocument } from '../../src/http/app.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Sent } from '../support/http-client.ts'
import { type Document, exampleIn, inlined, type Operation, type Schema } from '../support/openapi.ts'
import { signInOnPage } from '../support/people.ts'

interface Probe {
  method: string
  path: string
  sent: Sent
  /** The JSON pointer that the answer must name. */
  pointer: string
}

const DOCUMENT = wholeDocument({ publicUrl: 'https://auth.example.com', version: '0' }) as Document
const BAD = ['\0', 'a\0b', '\ud800']

const PROBES = Object.entries(DOCUMENT.paths).flatMap(([path, operations]) =>
  Object.entries(operations).flatMap(([method, operation]) => probesOf(method.toUpperCase(), path, operation)),
)

function probesOf(method: string, template: string, { parameters = [], requestBody }: Operation): Probe[] {
  const path = template.replace(/\{\w+\}/g, 'x')
  const inPath = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name }) => ({
      ...{ method, sent: {}, pointer: `/${name}` },
      path: template.replace(`{${name}}`, 'a%00b').replace(/\{\w+\}/g, 'x'),
    }))
  const inQuery = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name }) => ({ method, sent: {}, pointer: `/${name}`, path: `${path}?${name}=%00` }))
  return [...inPath, ...inQuery, ...(requestBody ? bodyProbes(method, path, requestBody.content) : [])]
}

function bodyProbes(method: string, path: string, content: NonNullable<Operation['requestBody']>['content']): Probe[] {
  const { 'application/json': json, 'application/x-www-form-urlencoded': form } = content
  if (form) {
    return Object.keys(inlined(DOCUMENT, form.schema).properties ?? {}).map((name) => ({
      ...{ method, path, pointer: `/${name}` },
      sent: { form: { ...(exampleIn(DOCUMENT, form.schema) as Record<string, string>), [name]: 'a\0b' } },
    }))
  }
  const example = exampleIn(DOCUMENT, json?.schema ?? {}) as object
  const withKey = { method, path, sent: { json: { ...example, 'a\0': 1 } }, pointer: '/a\0' }
  const fields = textsOf(inlined(DOCUMENT, json?.schema ?? {})).flatMap((names) =>
    BAD.map((text) => ({
      ...{ method, path, pointer: names.map((name) => `/${name}`).join('') },
      sent: { json: withText(example, names, text) },
    })),
  )
  return [withKey, ...fields]
}

/** The path to each text in a body; in an object of any shape, one of our own. */
function textsOf({ type, items, properties }: Schema): string[][] {
  const own = [type].flat().includes('string') ? [[]] : []
  const inner = Object.entries(properties ?? {}).flatMap(([name, schema]) =>
    textsOf(schema as Schema).map((rest) => [name, ...rest]),
  )
  const open = type === 'object' && properties === undefined ? [['id'], ['response', 'userHandle']] : []
  return [...own, ...inner, ...open, ...(items ? textsOf(items as Schema).map((rest) => ['0', ...rest]) : [])]
}

function withText(value: unknown, [name, ...rest]: string[], text: string): unknown {
  if (name === undefined) return text
  if (name === '0') return [withText(undefined, rest, text)]
  const object = (value ?? {}) as Record<string, unknown>
  return { ...object, [name]: withText(object[name], rest, text) }
}

async function signedIn(authd: Authd): Promise<Browser> {
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  return browser
}

/** The calls that the caller may make, and whose answer is not a 400 that names the field. */
async function wrongAnswers(probes: Probe[], browser: Browser, bearer?: string) {
  const wrong: unknown[] = []
  for (const { method, path, sent, pointer } of probes) {
    const { status, body } = await browser.send(method, path, { ...sent, ...(bearer !== undefined && { bearer }) })
    const named = body.error_description ?? body.details?.errors[0].pointer
    const isNamed = sent.form ? named.startsWith(pointer.slice(1)) : named === pointer
    if (status !== 400 || !isNamed) wrong.push({ method, path, sent, status, body })
  }
  return wrong
}

const isAdmin = ({ path }: Probe) => path.startsWith('/admin/')
const wantsKey = (probe: Probe) => isAdmin(probe) || probe.path.endsWith('/introspect')

describe.each(['sqlite', 'postgres'] as const)('text that no database can keep (%s)', (database) => {
  test('is refused everywhere in the API, and the answer names the field', async () => {
    const authd = await startAuthd({ database })
    const browser = await signedIn(authd)
    const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES, 'introspect' as const], expiresAt: null }
    const { token } = await createApiKey(authd.deps, SYSTEM, asAdmin)

    const asUser = await wrongAnswers(
      PROBES.filter((probe) => !wantsKey(probe)),
      browser,
    )
    const asOperator = await wrongAnswers(PROBES.filter(wantsKey), authd.browser(), token)

    expect([PROBES.length > 150, asUser, asOperator]).toEqual([true, [], []])
  })

  test('is never a server error for a caller without credentials', async () => {
    const authd = await startAuthd({ database })

    const statuses = await Promise.all(
      PROBES.map(async ({ method, path, sent }) => (await authd.browser().send(method, path, sent)).status),
    )

    expect(statuses.filter((status) => status >= 500)).toEqual([])
  })

  test('is refused by every page and form, also inside a credential', async () => {
    const authd = await startAuthd({ database })
    const browser = await signedIn(authd)
    const forms = PAGES.filter(({ method }) => method === 'POST')
    const credential = '{"id":"a\\u0000b","response":{"userHandle":"\\ud800"}}'

    const statuses: number[] = []
    for (const { path } of PAGES)
      statuses.push((await browser.get(`${path.replace(/:\w+/, '%00')}?attempt=%00&token=%00`)).status)
    for (const { path } of forms)
      statuses.push((await browser.post(path.replace(/:\w+/, 'x'), { form: { name: 'a\0', token: '\0' } })).status)
    for (const path of ['/signin/passkey', '/account/confirm/passkey', '/account/passkeys'])
      statuses.push((await browser.post(path, { form: { challenge_id: 'x', attempt: 'x', credential } })).status)

    expect(statuses.filter((status) => status >= 500)).toEqual([])
  })

  test('is refused by the forms that people fill in with their own error', async () => {
    const authd = await startAuthd({ database })
    const { browser } = await withPasskey(authd)
    const [{ id }] = (await browser.get('/v1/me/passkeys')).body

    const own = await browser.post('/account/name', { form: { name: 'a\0b' } })
    const passkey = await browser.post(`/account/passkeys/${id}/name`, { form: { name: 'a\0b' } })
    const signin = await authd.browser().post('/signin', { form: { email: 'ada\0@example.com' } })

    expect([own.status, passkey.status, signin.status]).toEqual([400, 400, 400])
    expect([own, passkey].map(({ body }) => /id="name"[^>]*aria-invalid/.test(body))).toEqual([true, true])
    expect(signin.body).toMatch(/id="email"[^>]*aria-invalid/)
  })

  test('is refused in what a header spells in base64', async () => {
    const authd = await startAuthd({ database })
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const jwt = [part({ alg: 'ES256', typ: 'at+jwt', kid: 'a\0b' }), part({ sub: '\0', sid: '\ud800' }), 'AAAA'].join(
      '.',
    )
    const basic = Buffer.from(`a\0b:key_${'0'.repeat(25)}\0.${'a'.repeat(43)}`).toString('base64')

    const statuses = await Promise.all(
      [`Bearer ${jwt}`, `Basic ${basic}`].map(
        async (Authorization) => (await authd.browser().get('/v1/me', { headers: { Authorization } })).status,
      ),
    )
    const revoked = await authd.browser().post('/v1/token/revoke', { form: { token: jwt } })

    expect([...statuses, revoked.status]).toEqual([401, 401, 200])
  })

  test('a User-Agent with control characters is kept as plain text', async () => {
    const authd = await startAuthd({ database })

    await authd.browser().post('/v1/signin', {
      json: { email: 'ada@example.com' },
      headers: { 'User-Agent': 'evil\u009b31m\u0085agent\t!' },
    })

    expect((await authd.auditLog()).at(-1)?.userAgent).toMatch(/^evil[^\p{Cc}]* 31m[^\p{Cc}]*agent !$/u)
  })
})
