import { describe, expect, test } from 'vitest'
import type { Deps } from '../../src/deps.ts'
import { resolveUser } from '../../src/flows/named-user.ts'
import { createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { answerOnce } from '../../src/flows/repetition/answer-once.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { updateUserName } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const headers = { 'Idempotency-Key': '8e03978e-40d5-43e8-bc93-6894a57f9324' }

async function operator(authd: Authd) {
  const asked = { name: 'op', scopes: ['users:write' as const], expiresAt: null }
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asked)
  return (method: string, path: string, json?: object) =>
    authd.browser().send(method, path, { bearer, headers, ...(json && { json }) })
}

describe.each(['sqlite', 'postgres'] as const)('after a deletion, on %s', (database) => {
  test('SECURITY: a call of an API key that made or changed the user is neither answered nor done again', async () => {
    const authd = await startAuthd({ database })
    const send = await operator(authd)
    const change = await operator(authd)
    const made = await send('POST', '/admin/users', { email: ADA, name: 'Ada Lovelace' })
    await change('PATCH', `/admin/users/${made.body.id}`, { name: 'Countess' })
    await removeUser(authd.deps, SYSTEM, { id: made.body.id })

    const again = [
      await send('POST', '/admin/users', { email: ADA, name: 'Ada Lovelace' }),
      await change('PATCH', `/admin/users/${made.body.id}`, { name: 'Countess' }),
    ]

    expect(made.status).toBe(201)
    expect(again.map(({ status, body }) => [status, body.code])).toEqual(Array(2).fill([409, 'REQUEST_IN_PROGRESS']))
    expect(JSON.stringify(again.map(({ body }) => body))).not.toMatch(/ada|countess|usr_/i)
    expect(again.map((reply) => reply.headers.get('Retry-After'))).toEqual([null, null])
    expect(await authd.deps.db.read((sql) => sql.all('SELECT id FROM users'))).toEqual([])
  })

  test('SECURITY: a call of an API key that was under way meanwhile is not answered again', async () => {
    const authd = await startAuthd({ database })
    await signInOnPage(authd, authd.browser())
    const { id } = await resolveUser(authd.deps, ADA)
    const proven = { id: 'key_00000000000000000000000000', authTime: 0, cookieDigest: null, isNewest: true }
    const caller = {
      proven,
      cookieDigests: [],
      attempts: [],
      attemptCookies: [],
      visit: undefined,
      address: '192.0.2.1',
    }
    const asked = { kind: 'key' as const, route: 'PATCH /admin/users/:id', once: 'a', bodyDigest: 'b', caller }
    const describe = () => ({ isFailure: false, isEnding: false, sessionId: undefined, isEmpty: false })
    const work = async ({ db }: Deps) => {
      await db.write((trx) => updateUserName(trx, { id, name: 'Countess' }))
      await removeUser(authd.deps, SYSTEM, { id })
      return ADA
    }

    const first = await answerOnce(authd.deps, asked, work, describe)

    expect(first).toEqual({ answer: ADA, isRepeated: false })
    await expect(answerOnce(authd.deps, asked, work, describe)).rejects.toMatchObject({ code: 'REQUEST_IN_PROGRESS' })
  })

  test('the deletion itself gets its answer again', async () => {
    const authd = await startAuthd({ database })
    const send = await operator(authd)
    const change = await operator(authd)
    const made = await send('POST', '/admin/users', { email: ADA })
    const first = await change('DELETE', `/admin/users/${made.body.id}`)

    const again = await change('DELETE', `/admin/users/${made.body.id}`)

    expect([first.status, again.status]).toEqual([204, 204])
  })

  test('an answer without a body is given again, also after the deletion of another user', async () => {
    const authd = await startAuthd({ database })
    const send = await operator(authd)
    const remove = await operator(authd)
    const made = await send('POST', '/admin/users', { email: ADA })
    await signInOnPage(authd, authd.browser(), 'grace@example.com')
    const first = await remove('DELETE', `/admin/users/${made.body.id}`)
    await removeUser(authd.deps, SYSTEM, await resolveUser(authd.deps, 'grace@example.com'))

    const again = await remove('DELETE', `/admin/users/${made.body.id}`)

    expect([first.status, again.status]).toEqual([204, 204])
  })

  test('the unit writes to no answer of an API key, however many there are', async () => {
    const authd = await startAuthd({ database })
    const send = await operator(authd)
    const made = await send('POST', '/admin/users', { email: ADA })
    const rows = () => authd.deps.db.read((sql) => sql.all('SELECT * FROM answers'))
    const before = await rows()

    await removeUser(authd.deps, SYSTEM, { id: made.body.id })

    expect(before).toHaveLength(1)
    expect(await rows()).toEqual(before)
  })
})
