import { describe, expect, test } from 'vitest'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { exchange } from '../support/http-client.ts'
import { signInForTokens, signInOnPage } from '../support/people.ts'

/** What OAuth libraries send beside the token, as RFC 6749 §2.3.1 and RFC 8707 have it. */
const EXTRA = { client_id: 'shop', client_secret: 'x', resource: 'https://api.example.com', scope: '', audience: 'y' }

async function keyFor(authd: Authd, scopes: ('introspect' | 'users:read')[] = ['introspect']): Promise<string> {
  return (await createApiKey(authd.deps, SYSTEM, { name: 'app', scopes, expiresAt: null })).token
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('the forms of RFC 7009 and RFC 7662', () => {
  test('ignore parameters that they do not know (RFC 6749 §3.2)', async () => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd)
    const { accessToken } = await signInForTokens(authd)

    const asked = await authd.browser().post('/v1/token/introspect', { form: { token: accessToken, ...EXTRA }, bearer })
    const revoked = await authd.browser().post('/v1/token/revoke', { form: { token: accessToken, ...EXTRA } })
    const again = await authd.browser().post('/v1/token/introspect', { form: { token: accessToken }, bearer })

    expect([asked.status, asked.body.active, revoked.status, again.body.active]).toEqual([200, true, 200, false])
  })

  test.each([
    ['introspect', 'token=x&token=y'],
    ['introspect', 'token=x&client_id=a&client_id=b'],
    ['revoke', 'token=x&token=x'],
    ['revoke', 'token=x&%63lient_id=a&client_id=a'],
  ])('%s: %s is rejected, because a parameter comes twice', async (call, body) => {
    const authd = await startAuthd()
    const headers = {
      Host: new URL(authd.url).host,
      Authorization: `Bearer ${await keyFor(authd)}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    }

    const { status, text } = await exchange(`${authd.address}/v1/token/${call}`, { method: 'POST', headers, body })

    expect([status, JSON.parse(text).error]).toEqual([400, 'invalid_request'])
  })
})

describe('the challenge of a rejected request', () => {
  const INTROSPECT = '/v1/token/introspect'
  const BASIC = 'Basic realm="authd", charset="UTF-8"'
  const BEARER = 'Bearer realm="authd"'

  test.each([
    ['Basic credentials at introspection', INTROSPECT, basic('shop', 'wrong'), BASIC],
    ['Basic credentials in another case', INTROSPECT, basic('shop', 'key_wrong').replace('Basic', 'bAsIc'), BASIC],
    ['Basic credentials that are not base64', INTROSPECT, 'Basic !', BASIC],
    ['Basic credentials at the API', '/v1/me', basic('a', 'b'), BASIC],
    ['a wrong token', INTROSPECT, 'Bearer wrong', `${BEARER}, error="invalid_token"`],
    ['a wrong token at the API', '/v1/me', 'Bearer wrong', `${BEARER}, error="invalid_token"`],
    ['no credentials at introspection', INTROSPECT, undefined, `${BEARER}, ${BASIC}`],
    ['no credentials at the API, where a browser would ask for a password', '/v1/me', undefined, BEARER],
    ['an unknown scheme', '/v1/me', 'Digest x', BEARER],
  ])('%s', async (_, path, Authorization, challenge) => {
    const authd = await startAuthd()
    const headers = Authorization === undefined ? {} : { Authorization }

    const { status, headers: answered } = await (path === INTROSPECT
      ? authd.browser().post(path, { form: { token: 'x' }, headers })
      : authd.browser().get(path, { headers }))

    expect([status, answered.get('WWW-Authenticate')]).toEqual([401, challenge])
  })

  test('a genuine key without the scope gets insufficient_scope (RFC 6750 §3.1)', async () => {
    const authd = await startAuthd()
    const bearer = await keyFor(authd, ['users:read'])

    const { status, headers } = await authd.browser().post(INTROSPECT, { form: { token: 'x' }, bearer })

    expect([status, headers.get('WWW-Authenticate')]).toEqual([403, `${BEARER}, error="insufficient_scope"`])
  })

  test('a wrong code of a signed-in user does not blame their session', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)

    const { status, headers } = await browser.post('/v1/stepup/code', { json: { code: '000000' } })

    expect([status, headers.get('WWW-Authenticate')]).toEqual([401, BEARER])
  })
})
