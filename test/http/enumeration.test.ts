import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { listOutbox } from '../../src/store/outbox.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

const OPERATOR = { id: 'cli:test@host', ip: null, userAgent: null, requestId: null }

async function addUsersOfEachKind(authd: Authd): Promise<void> {
  for (const name of ['known', 'disabled']) {
    const email = parseEmailAddress(`${name}@example.com`)
    if (email) await addUser(authd.deps, OPERATOR, { email, name: null, isVerified: true })
  }
  await disableUser(authd.deps, OPERATOR, await resolveUser(authd.deps, 'disabled@example.com'), null)
}

/** What a client sees, without random values and times. */
async function ask(authd: Authd, email: string) {
  const { status, headers, body } = await authd.browser().post('/v1/signin', { json: { email } })
  const shape = Object.fromEntries(Object.entries(body).map(([name, value]) => [name, String(value).length]))
  const named = [...headers].filter(([name]) => !['x-request-id', 'set-cookie', 'date', 'ratelimit'].includes(name))
  return { status, shape, headers: named, cookie: String(headers.getSetCookie()).length }
}

describe.each(['open', 'closed'] as const)('with sign-up %s', (policy) => {
  test('the answer is the same for known, unknown and disabled addresses', async () => {
    const authd = await startAuthd({ config: { signup: { policy } } })
    await addUsersOfEachKind(authd)

    const [known, unknown, disabled] = [
      await ask(authd, 'known@example.com'),
      await ask(authd, 'unknown@example.com'),
      await ask(authd, 'disabled@example.com'),
    ]

    expect(unknown.status).toBe(201)
    expect({ ...unknown, cookie: 0 }).toEqual({ ...known, cookie: 0 })
    expect(disabled).toEqual(known)
  })

  test('a wrong code gets the same answer for all of them', async () => {
    const authd = await startAuthd({ config: { signup: { policy } } })
    await addUsersOfEachKind(authd)

    const replies = []
    for (const name of ['known', 'unknown', 'disabled']) {
      const begun = await authd.browser().post('/v1/signin', { json: { email: `${name}@example.com` } })
      const answers = []
      // The last ones find no tries left.
      for (const code of ['x', ...Array(6).fill('000000')]) {
        const json = { code, attempt_token: begun.body.attempt_token }
        const { status, body } = await authd.browser().post('/v1/signin/code', { json })
        answers.push({ status, body: { ...body, request_id: '' } })
      }
      replies.push(answers)
    }

    expect(replies[1]).toEqual(replies[0])
    expect(replies[2]).toEqual(replies[0])
  })
})

test('if no mail may be sent, the same rows are written, but nothing is sent or listed', async () => {
  const authd = await startAuthd({ config: { signup: { policy: 'closed' } } })
  await addUsersOfEachKind(authd)

  for (const name of ['known', 'unknown', 'disabled']) await ask(authd, `${name}@example.com`)
  const listed = await authd.deps.db.read((sql) => listOutbox(sql, { kind: 'mail' }, 10))
  const sent = await authd.takeMail()

  expect(listed.map(({ recipient }) => recipient)).toEqual(['known@example.com'])
  expect(sent.map(({ to }) => to)).toEqual(['known@example.com'])
})
