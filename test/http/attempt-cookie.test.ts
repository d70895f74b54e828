import { expect, test } from 'vitest'
import { cookieNames, readCookies } from '../../src/http/request/cookies.ts'
import { signInWithPasskey, withPasskey } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { askOnPage } from '../support/people.ts'

test('a browser keeps its three newest sign-in attempts', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()

  const begun: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    const { body } = await browser.post('/v1/signin', { json: { email: `${name}@example.com`, deliver: 'cookie' } })
    begun.push(body.attempt_token)
  }

  expect(browser.cookies.get('authd-attempt')?.split('~')).toEqual(begun.toReversed().slice(0, 3))
})

test('the attempt that a body names has precedence over newer ones of the cookie', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const begin = async (email: string): Promise<[string | undefined, string]> => {
    const { body } = await browser.post('/v1/signin', { json: { email, deliver: 'cookie' } })
    return [(await authd.takeProofMail())?.values['code'], body.attempt_token]
  }
  const [code, attempt_token] = await begin('ada@example.com')
  await begin('bob@example.com')

  await browser.post('/v1/signin/code', { json: { code, attempt_token } })

  expect((await browser.get('/v1/me')).body.email).toBe('ada@example.com')
})

test('a sign-in page that is opened again and again ends no mailed attempt, and makes one row', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { attempt, code } = await askOnPage(authd, browser)
  const open = () => browser.post('/v1/signin', { json: { deliver: 'cookie' } })

  const begun = [await open(), await open(), await open(), await open()].map(({ body }) => body.attempt_token)
  const held = browser.cookies.get('authd-attempt')?.split('~')
  const { status } = await browser.post('/signin/code', { form: { attempt, code } })

  expect(new Set(begun).size).toBe(1)
  expect(held).toHaveLength(2)
  expect(status).toBe(303)
})

test('the newest attempt counts for the API, whether it was mailed or not', async () => {
  const authd = await startAuthd()
  const { device } = await withPasskey(authd)
  const fresh = authd.browser()
  await askOnPage(authd, fresh, 'bob@example.com')

  const { body } = await signInWithPasskey(fresh, device)

  expect(body.status).toBe('complete')
})

test('of a cookie with more attempts, three are read', () => {
  const names = cookieNames(cookieConfig)

  expect(readCookies('authd-attempt=a~b~c~d', names).attempts).toEqual(['a', 'b', 'c'])
})

const cookieConfig = { publicUrl: 'http://localhost', session: { cookieDomain: undefined } } as Parameters<
  typeof cookieNames
>[0]
