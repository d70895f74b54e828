import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'

const UNPLAIN = ['a\u001b[31mb', 'a\u009bb', 'a\nb', 'a\u2028b', 'a\u202eb', 'a\u2066b', 'a\u200fb']

/** Each text that people type, with the call that stores it. `x` is an id of anything. */
const TYPED = [
  { method: 'PATCH', path: '/v1/me', json: {}, field: 'name' },
  { method: 'PATCH', path: '/v1/me/passkeys/x', json: {}, field: 'name' },
  { method: 'POST', path: '/v1/me/passkeys', json: { challenge_id: 'x', credential: {} }, field: 'name' },
  { method: 'POST', path: '/admin/users', json: { email: 'bob@example.com' }, field: 'name' },
  { method: 'PATCH', path: '/admin/users/x', json: {}, field: 'name' },
  { method: 'POST', path: '/admin/users/x/disable', json: {}, field: 'reason' },
  { method: 'POST', path: '/admin/ipfilters', json: { cidr: '203.0.113.0/24' }, field: 'reason' },
  { method: 'POST', path: '/admin/webhooks', json: { url: 'https://app.example.com/e' }, field: 'description' },
  { method: 'PATCH', path: '/admin/webhooks/x', json: {}, field: 'description' },
]

async function adminOf(authd: Authd): Promise<string> {
  const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES], expiresAt: null }
  return (await createApiKey(authd.deps, SYSTEM, asAdmin)).token
}

describe('text that people type has no control, bidi or line separator characters', () => {
  test.each(TYPED)('$method $path: $field', async ({ method, path, json, field }) => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const bearer = path.startsWith('/admin/') ? { bearer: await adminOf(authd) } : {}

    const answers = []
    for (const text of UNPLAIN) {
      const { status, body } = await browser.send(method, path, { json: { ...json, [field]: text }, ...bearer })
      answers.push([status, body.details?.errors[0].pointer, body.details?.errors[0].code])
    }

    expect(answers).toEqual(UNPLAIN.map(() => [400, `/${field}`, 'UNPLAIN_TEXT']))
  })

  test('the name forms of the account show the error at their field', async () => {
    const authd = await startAuthd()
    const { browser } = await withPasskey(authd)
    const [{ id }] = (await browser.get('/v1/me/passkeys')).body

    const own = await browser.post('/account/name', { form: { name: 'Eve\u202e' } })
    const passkey = await browser.post(`/account/passkeys/${id}/name`, { form: { name: 'a\u009bb' } })

    expect([own.status, passkey.status]).toEqual([400, 400])
    expect(own.body).toContain('<p class="fault" id="fault">Enter a name of at most 100 characters')
    expect(passkey.body).toContain('<p class="fault" id="fault">Enter a name of 1 to 60 characters')
  })

  test('a name in any script, with marks, joiners and emoji, is kept as it is', async () => {
    const authd = await startAuthd()
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    const name = 'Zoë שלום محمد नी 👩‍🚀 O’Neil'

    const { status, body } = await browser.send('PATCH', '/v1/me', { json: { name } })

    expect([status, body.name]).toEqual([200, name])
  })
})
