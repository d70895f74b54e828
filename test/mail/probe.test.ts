import { expect, test } from 'vitest'
import { probeSmtp } from '../../src/mail/probe.ts'
import { CERTIFICATE, startSmtp } from '../smtp.ts'
import { settingsFor } from './samples.ts'

const FROM = 'no-reply@example.org'
const AUTH = { user: 'authd', pass: 'right' }

test('the probe tells each step that went well', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: AUTH })
  const settings = settingsFor(server, { tls: 'starttls', caFile: CERTIFICATE, username: 'authd', password: 'right' })

  const steps = await probeSmtp(settings, FROM)

  expect(steps).toEqual([
    { step: 'connect', isOk: true, answer: `localhost:${server.port}` },
    { step: 'tls', isOk: true, answer: 'starttls' },
    { step: 'auth', isOk: true, answer: 'signed in as authd' },
  ])
})

test('the probe stops at the certificate and says why', async () => {
  const server = await startSmtp({ tls: 'starttls' })

  const steps = await probeSmtp(settingsFor(server, { tls: 'starttls' }), FROM)

  expect(steps.map(({ step, isOk }) => [step, isOk])).toEqual([
    ['connect', true],
    ['tls', false],
  ])
  expect(steps[1]?.answer).toContain('self-signed certificate')
})

test('the probe says what the server answered to a wrong password', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: AUTH })
  const settings = settingsFor(server, { tls: 'starttls', caFile: CERTIFICATE, username: 'authd', password: 'wrong' })

  const steps = await probeSmtp(settings, FROM)

  expect(steps.at(-1)).toMatchObject({ step: 'auth', isOk: false })
  expect(steps.at(-1)?.answer).toContain('wrong user name or password')
})

test('the probe says that nobody listens', async () => {
  const server = await startSmtp()

  const steps = await probeSmtp({ ...settingsFor(server), port: 1 }, FROM)

  expect(steps).toEqual([{ step: 'connect', isOk: false, answer: expect.stringContaining('ECONNREFUSED') }])
})
