import { expect, test } from 'vitest'
import { resolvePasskey } from '../../src/flows/factors/factor-admin.ts'
import { renamePasskey } from '../../src/store/passkeys.ts'
import { deviceFor, enrolPasskey, withPasskey } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA } from '../support/people.ts'

test('no name may be an id: of a passkey, a user or an API key', async () => {
  const authd = await startAuthd()
  const { browser } = await withPasskey(authd)
  const [passkey] = (await browser.get('/v1/me/passkeys')).body
  const name = authd.deps.random.id('pk')

  const replies = [
    await browser.send('PATCH', `/v1/me/passkeys/${passkey.id}`, { json: { name } }),
    await browser.send('PATCH', '/v1/me', { json: { name: ` ${name} ` } }),
    await browser.send('PATCH', `/v1/me/passkeys/${passkey.id}`, { json: { name: name.slice(0, -1) } }),
  ]

  expect(replies.map(({ status, body }) => [status, body.details?.errors[0].code])).toEqual([
    [400, 'LOOKS_LIKE_ID'],
    [400, 'LOOKS_LIKE_ID'],
    [200, undefined],
  ])
})

test.each(['sqlite', 'postgres'] as const)(
  'an operator finds a passkey by its id, whatever others are named (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const { browser } = await withPasskey(authd)
    const { body } = await enrolPasskey(browser, deviceFor(authd))
    const [one, other] = (await browser.get('/v1/me/passkeys')).body
    const removed = authd.deps.random.id('pk')
    const userId = body.session.user_id
    await authd.deps.db.write((trx) => renamePasskey(trx, { id: one.id, userId, name: other.id }))
    await authd.deps.db.write((trx) => renamePasskey(trx, { id: other.id, userId, name: removed }))
    const find = (passkey: string) => resolvePasskey(authd.deps, { user: ADA, passkey })

    expect((await find(one.id)).passkey.id).toBe(one.id)
    expect((await find(other.id)).passkey.id).toBe(other.id)
    await expect(find(removed)).rejects.toMatchObject({ code: 'PASSKEY_NOT_FOUND' })
  },
)
