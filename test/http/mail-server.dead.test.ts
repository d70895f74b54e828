import { expect, test } from 'vitest'
import { deliverNextMail } from '../../src/flows/outbox/mail-sending.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { MailError } from '../../src/platform/mail-error.ts'
import { startAuthd } from '../support/harness.ts'
import { until } from '../support/until.ts'

test('a mail server that never responds delays no sign-in, and authd stays ready', async () => {
  const authd = await startAuthd()
  let answer = (_: string) => {}
  authd.mailer.send = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await authd.browser().post('/v1/signin', { json: { email: 'first@example.com' } })
  const hanging = deliverNextMail(authd.deps)

  const asked = await authd.browser().post('/v1/signin', { json: { email: 'second@example.com' } })
  const ready = await authd.browser().get('/readiness')
  answer('250 at last')
  await hanging

  expect([asked.status, ready.status]).toEqual([201, 200])
})

test('while a mail server rejects mail, readiness is degraded with 200, and ready again once the mail is sent', async () => {
  const authd = await startAuthd()
  authd.mailer.failure = new MailError('450 try later', { isPermanent: false })
  await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
  const before = await authd.browser().get('/readiness')

  await deliverNextMail(authd.deps)
  const during = await authd.browser().get('/readiness')
  authd.mailer.failure = undefined
  authd.clock.advance(MINUTE)
  await authd.takeMail()
  const after = await authd.browser().get('/readiness')

  expect([before, during, after].map(({ status, body }) => [status, body.status, body.checks.mail])).toEqual([
    [200, 'ready', 'ok'],
    [200, 'degraded', 'waiting'],
    [200, 'ready', 'ok'],
  ])
})

test('while a mail server is down, readiness, the log and the metrics say so once, since when and why', async () => {
  const authd = await startAuthd()
  const since = new Date(authd.clock.now()).toISOString()
  authd.mailer.failure = new MailError('connect ECONNREFUSED', { isPermanent: false, isDown: true })
  for (const email of ['ada@example.com', 'bob@example.com']) {
    await authd.browser().post('/v1/signin', { json: { email } })
    await deliverNextMail(authd.deps)
    authd.clock.advance(MINUTE)
  }
  const during = await authd.browser().get('/readiness')
  const gauge = (await authd.deps.metrics.render()).text
  authd.mailer.failure = undefined
  await authd.takeMail()
  const after = await authd.browser().get('/readiness')

  const reason = 'the mail server cannot be used; mails wait and are retried'
  expect(during.body).toMatchObject({ status: 'degraded', problems: [{ what: 'mail', reason, since }] })
  expect(gauge).toContain(`authd_trouble_since_timestamp_seconds{what="mail"} ${Math.floor(Date.parse(since) / 1000)}`)
  expect(authd.log.lines.filter(({ level }) => level !== 'info').map(({ message }) => message)).toEqual([
    'trouble began',
    'trouble ended',
  ])
  expect(after.body).toMatchObject({ status: 'ready', problems: [] })
})

test('a mail server that says nothing is told before a try fails, and until it accepts a mail', async () => {
  const authd = await startAuthd({ config: { smtp: { host: '127.0.0.1', timeout: '1s' } } })
  let answer = (_: string) => {}
  authd.mailer.send = () =>
    new Promise((resolve) => {
      answer = resolve
    })
  await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
  const hanging = deliverNextMail(authd.deps)

  const during = await until(async () => {
    const { status, body } = await authd.browser().get('/readiness')
    expect(body.status).toBe('degraded')
    return { status, problems: body.problems }
  })
  answer('250 at last')
  await hanging
  const after = await authd.browser().get('/readiness')

  const problem = { what: 'mail', reason: 'the mail server does not answer, so mails wait' }
  expect(during).toMatchObject({ status: 200, problems: [problem] })
  expect(after.body).toMatchObject({ status: 'ready', problems: [] })
})
