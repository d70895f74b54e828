import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const

/** Ada, signed in in a browser of hers and in a new one, and the token of the mail about the new one. */
async function withStranger(authd: Authd): Promise<{ own: Browser; stranger: Browser; token: string }> {
  const own = authd.browser()
  await signInOnPage(authd, own)
  const stranger = authd.browser()
  await signInOnPage(authd, stranger)
  const mail = (await authd.takeMail()).find(({ template }) => template === 'new_device')
  return { own, stranger, token: new URL(mail?.values['link'] ?? '').searchParams.get('token') ?? '' }
}

const signedIn = async (browser: Browser): Promise<boolean> => (await browser.get('/v1/session')).status === 200

test.for(DATABASES)('the mail about a new browser ends that sign-in with one press (%s)', async (database) => {
  const authd = await startAuthd({ database })
  const { own, stranger, token } = await withStranger(authd)
  const anywhere = authd.browser()

  const asked = await anywhere.get(`/not-you?token=${token}`)
  const stillIn = await signedIn(stranger)
  const pressed = await anywhere.post('/not-you', { form: { token, answer: 'not_me' } })
  const said = await anywhere.get(pressed.headers.get('Location') ?? '')

  expect(asked.status).toBe(200)
  expect(asked.body).toContain('Was this you?')
  expect(asked.body).toContain('a…@<wbr>')
  expect(asked.body).not.toContain(ADA)
  expect(stillIn).toBe(true)
  expect(said.body).toContain('That sign-in has ended.')
  expect([await signedIn(own), await signedIn(stranger)]).toEqual([true, false])
})

test.for(DATABASES)('after that press, the next sign-in in that browser is told again (%s)', async (database) => {
  const authd = await startAuthd({ database })
  const { stranger, token } = await withStranger(authd)
  await authd.browser().post('/not-you', { form: { token, answer: 'not_me' } })
  await authd.takeMail()
  authd.clock.advance(MINUTE)

  await signInOnPage(authd, stranger)

  expect((await authd.takeMail()).map(({ template }) => template)).toContain('new_device')
})

test.for([
  ['the answer is yes', { answer: 'me' }],
  ['no answer is sent', {}],
  ['the answer is another word', { answer: 'yes' }],
] as const)('nothing ends if %s', async ([, answer]) => {
  const authd = await startAuthd()
  const { stranger, token } = await withStranger(authd)

  const pressed = await authd.browser().post('/not-you', { form: { token, ...answer } })

  expect(pressed.headers.get('Location')).toBe('/signin?notice=was_me')
  expect(await signedIn(stranger)).toBe(true)
})

test('"It was me" is answered with thanks, in the account and elsewhere', async () => {
  const authd = await startAuthd()
  const { own, token } = await withStranger(authd)
  const press = async (browser: Browser) => {
    const pressed = await browser.post('/not-you', { form: { token, answer: 'me' } })
    return (await browser.get(pressed.headers.get('Location') ?? '')).body
  }

  const [here, elsewhere] = [await press(own), await press(authd.browser())]

  expect(here).toMatch(/Your account.*Thank you\. Nothing has changed\./s)
  expect(elsewhere).toContain('Thank you. Nothing has changed.')
})

test.for(['GET', 'POST'])('a sign-in that has ended is said to have ended (%s)', async (method) => {
  const authd = await startAuthd()
  const { stranger, token } = await withStranger(authd)
  await stranger.post('/signout', { form: {} })

  const form = method === 'POST' ? { form: { token, answer: 'not_me' } } : {}
  const { status, body } = await authd.browser().send(method, `/not-you?token=${token}`, form)

  expect(status).toBe(410)
  expect(body).toContain('This sign-in has already ended')
  expect(body).toContain('href="/account"')
})

test.for(DATABASES)(
  'SECURITY: only the token of a session ends it, and it does nothing else (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const { own, stranger, token } = await withStranger(authd)
    const { body } = await own.get('/v1/session')
    const [, secret = ''] = token.split('.')
    const ownId = (body.session.id as string).slice('ses_'.length)

    const forged = [`end_${ownId}.${secret}`, `ses_${ownId}.${secret}`, token.slice(0, -1), `${token}x`, '', 'end_.']
    const answers = await Promise.all(
      forged.map((text) => authd.browser().post('/not-you', { form: { token: text, answer: 'not_me' } })),
    )
    const asCookie = await authd.browser().get('/v1/session', { headers: { Cookie: `authd=${token}` } })
    const asBearer = await authd.browser().get('/v1/session', { headers: { Authorization: `Bearer ${token}` } })

    expect(answers.map(({ body }) => String(body)).join('')).not.toContain('already ended')
    expect(answers.map(({ status }) => status)).toEqual(forged.map(() => 400))
    expect([asCookie.status, asBearer.status]).toEqual([401, 401])
    expect([await signedIn(own), await signedIn(stranger)]).toEqual([true, true])
  },
)

test('SECURITY: the link stands in no log and no list of mails', async () => {
  const authd = await startAuthd()
  const { token } = await withStranger(authd)

  await authd.browser().get(`/not-you?token=${token}`)

  expect(JSON.stringify(authd.log.lines)).not.toContain(token.split('.')[1])
})
