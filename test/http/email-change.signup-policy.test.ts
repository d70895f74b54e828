import { expect, test } from 'vitest'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const CORP = { signup: { policy: 'domains', domains: ['corp.example'] } }

async function signIn(authd: Authd, email: string): Promise<Browser> {
  const browser = authd.browser()
  await signInOnPage(authd, browser, email)
  await authd.takeMail()
  return browser
}

async function addresses(authd: Authd): Promise<string[]> {
  const users = await authd.deps.db.read((sql) => sql.all<{ email: string }>('SELECT email FROM users'))
  return users.map(({ email }) => email)
}

test.for(DATABASES)(
  'SECURITY: a change of address does not lead out of the domains that may sign up (%s)',
  async (database) => {
    const authd = await startAuthd({ database, config: CORP })
    const browser = await signIn(authd, 'bob@corp.example')

    const asked = await browser.post('/v1/me/email', { json: { email: 'bob@elsewhere.example' } })
    const onPage = await browser.post('/account/email', { form: { email: 'bob@elsewhere.example' } })

    expect(asked).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
    expect(onPage.status).toBe(403)
    expect(onPage.body).toContain('Addresses of this domain are not allowed here. Use another address.')
    expect(await authd.takeMail()).toEqual([])
  },
)

test('SECURITY: a change of address is refused if the domains are named while the code is on its way', async () => {
  const authd = await startAuthd()
  const browser = await signIn(authd, 'bob@corp.example')
  await browser.post('/v1/me/email', { json: { email: 'bob@elsewhere.example' } })
  const code = (await authd.takeMail())[0]?.values['code']
  const later = await authd.another(CORP)

  const done = await later.browser().post('/v1/me/email/confirm', {
    json: { code },
    headers: { Cookie: `authd=${browser.cookies.get('authd')}` },
  })

  expect(done).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
  expect(await addresses(authd)).toEqual(['bob@corp.example'])
})

test('a user can change to another address of the domains', async () => {
  const authd = await startAuthd({ config: CORP })
  const browser = await signIn(authd, 'bob@corp.example')

  await browser.post('/v1/me/email', { json: { email: 'robert@corp.example' } })
  const code = (await authd.takeMail())[0]?.values['code']
  const done = await browser.post('/v1/me/email/confirm', { json: { code } })

  expect(done.status).toBe(200)
  expect(await addresses(authd)).toEqual(['robert@corp.example'])
})

test.for(DATABASES)('SECURITY: a user cannot have mails sent to any number of strangers (%s)', async (database) => {
  const limits = { requests_per_minute: 10_000, mails_per_hour: 4 }
  const authd = await startAuthd({ database, config: { limits } })
  const browser = await signIn(authd, 'eve@example.com')

  const asked = []
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    asked.push(await browser.post('/v1/me/email', { json: { email: `${name}@example.org` } }))
  }

  expect(asked.map(({ status }) => status)).toEqual([202, 202, 202, 202, 429, 429])
})

test.for(DATABASES)(
  'SECURITY: a mailbox has no more of them after its account was deleted and made again (%s)',
  async (database) => {
    const limits = { requests_per_minute: 10_000, mails_per_hour: 4 }
    const authd = await startAuthd({ database, config: { limits } })

    const asked = []
    for (const email of ['eve@example.com', 'eve+2@example.com', 'eve@example.com']) {
      const browser = await signIn(authd, email)
      for (const name of ['a', 'b', 'c']) {
        asked.push(await browser.post('/v1/me/email', { json: { email: `${name}-${asked.length}@example.org` } }))
      }
      await browser.post('/account/delete', { form: {} })
      await authd.takeMail()
    }

    expect(asked.map(({ status }) => status)).toEqual([202, 202, 202, 202, 429, 429, 429, 429, 429])
  },
)
