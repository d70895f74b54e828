import { expect, test } from 'vitest'
import { addWebhook } from '../../src/flows/outbox/webhook-endpoint.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { deviceFor, enrolPasskey, enrolTotp } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'
import { typesOf, webhookReceiver } from '../support/webhook-receiver.ts'

const BASIC = [
  'user.registered',
  'user.authenticated',
  'session.created',
  'session.revoked',
  'totp.enrolled',
  'webauthn.registered',
]

test('SECURITY: the six basic events are delivered once, when they happen, and only to endpoints that subscribed', async () => {
  const authd = await startAuthd()
  const [basic, other] = [await webhookReceiver(), await webhookReceiver()]
  const endpoint = { description: '', allowsPrivate: true }
  await addWebhook(authd.deps, SYSTEM, { ...endpoint, url: basic.url, events: BASIC })
  await addWebhook(authd.deps, SYSTEM, { ...endpoint, url: other.url, events: ['api_key.*'] })
  const browser = authd.browser()

  const told: string[][] = []
  const step = async (work: () => Promise<unknown>) => {
    await work()
    await authd.sendWebhooks()
    told.push(typesOf(basic).slice(told.flat().length))
  }
  await step(() => signInOnPage(authd, browser))
  await step(() => enrolPasskey(browser, deviceFor(authd)))
  await step(() => enrolTotp(authd, browser))
  await step(() => browser.get('/v1/session'))
  await step(() => browser.post('/v1/logout'))

  expect(told).toEqual([
    ['user.registered', 'session.created', 'user.authenticated'],
    ['webauthn.registered'],
    ['totp.enrolled'],
    [],
    ['session.revoked'],
  ])
  expect(other.received).toEqual([])
})

test('SECURITY: no delivery contains a code, link, token, seed or e-mail address', async () => {
  const authd = await startAuthd()
  const receiver = await webhookReceiver()
  await addWebhook(authd.deps, SYSTEM, { url: receiver.url, description: '', events: ['*'], allowsPrivate: true })
  const browser = authd.browser()
  await signInOnPage(authd, browser, 'canary@example.com')
  const { secret, recoveryCodes } = await enrolTotp(authd, browser)
  await browser.post('/v1/logout')

  await authd.sendWebhooks()

  const all = receiver.received.map(({ body }) => body).join('\n')
  const cookies = [...browser.cookies.values()].map((value) => value.split('.')[1] ?? value)
  expect(receiver.received.length).toBeGreaterThan(5)
  expect(receiver.received.every(({ body }) => body.length < 20_000)).toBe(true)
  const canaries = ['canary', secret, ...recoveryCodes, ...cookies, '127.0.0.1', 'Firefox']
  expect(canaries.filter((canary) => canary !== '' && all.includes(canary))).toEqual([])
})
