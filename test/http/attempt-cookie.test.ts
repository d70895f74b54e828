import { expect, test } from 'vitest'
import { cookieNames, readCookies } from '../../src/http/request/cookies.ts'
import { startAuthd } from '../support/harness.ts'

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

test('of a cookie with more attempts, three are read', () => {
  const names = cookieNames(cookieConfig)

  expect(readCookies('authd-attempt=a~b~c~d', names).attempts).toEqual(['a', 'b', 'c'])
})

const cookieConfig = { publicUrl: 'http://localhost', session: { cookieDomain: undefined } } as Parameters<
  typeof cookieNames
>[0]
