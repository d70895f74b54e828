import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { SmtpSettings } from '../../src/mail/smtp-options.ts'
import { type Walk, walkSmtp } from '../../src/mail/smtp-test.ts'
import { settingsFor } from '../support/mail-samples.ts'
import { CERTIFICATE, startSmtp, type TestSmtp } from '../support/smtp.ts'

const AUTH = { user: 'authd', pass: 'correct horse' }
const SIGNED_IN = { tls: 'starttls', caFile: CERTIFICATE, username: AUTH.user, password: AUTH.pass } as const
const NOW = Date.UTC(2026, 10, 25, 12)

const walkTo = (server: TestSmtp, more: Partial<SmtpSettings> = {}): Promise<Walk> =>
  walkSmtp({
    smtp: settingsFor(server, more),
    from: 'Example <no-reply@example.org>',
    now: NOW,
    mail: { to: 'anna@example.com', raw: 'From: no-reply@example.org\r\nSubject: Hi\r\n\r\nHello\r\n' },
  })

const outline = ({ steps }: Walk) => steps.map(({ step, isOk }) => `${step} ${isOk ? 'ok' : 'FAIL'}`)

test('each successful step is reported, up to the response to the mail', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: AUTH })

  const walk = await walkTo(server, SIGNED_IN)

  expect(outline(walk)).toEqual(['dns ok', 'connect ok', 'tls ok', 'auth ok', 'accepted ok'])
  expect(walk.steps.map(({ answer }) => answer)).toEqual([
    expect.stringMatching(/^localhost is .*127\.0\.0\.1/),
    `localhost:${server.port}`,
    expect.stringMatching(/^TLSv1\.3 by starttls, certificate valid for \d+ more days$/),
    'signed in as authd',
    expect.stringMatching(/^250 /),
  ])
  expect(server.mails).toMatchObject([{ from: 'no-reply@example.org', to: ['anna@example.com'], isEncrypted: true }])
})

test('the remaining days of a certificate count from the clock', async () => {
  const server = await startSmtp({ tls: 'implicit' })

  const walk = await walkTo(server, { tls: 'implicit', caFile: CERTIFICATE })

  expect(walk.tls?.protocol).toBe('TLSv1.3')
  expect(walk.tls?.daysLeft).toBeGreaterThan(0)
})

test('the transcript has both sides and the password in no encoding', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: AUTH })

  const { transcript } = await walkTo(server, SIGNED_IN)

  const text = transcript.join('\n')
  expect(text).toMatch(/^S: 220 /)
  expect(text).toMatch(/^C: STARTTLS$/m)
  expect(text).toMatch(/^C: AUTH PLAIN …$/m)
  expect(text).toMatch(/^C: RCPT TO:<anna@example\.com>/m)
  const spellings = [AUTH.pass, Buffer.from(AUTH.pass), Buffer.from(`\0${AUTH.user}\0${AUTH.pass}`)]
  expect(spellings.filter((one) => text.includes(typeof one === 'string' ? one : one.toString('base64')))).toEqual([])
})

test('an untrusted certificate stops the test with the reason', async () => {
  const server = await startSmtp({ tls: 'starttls' })

  const walk = await walkTo(server, { tls: 'starttls' })

  expect(outline(walk)).toEqual(['dns ok', 'connect ok', 'tls FAIL'])
  expect(walk.steps.at(-1)?.answer).toContain('self-signed certificate')
})

test('a server without STARTTLS gets neither password nor mail', async () => {
  const server = await startSmtp({ auth: AUTH })

  const walk = await walkTo(server, SIGNED_IN)

  expect(outline(walk)).toEqual(['dns ok', 'connect ok', 'tls FAIL'])
  expect(walk.transcript.join('\n')).not.toMatch(/AUTH PLAIN|MAIL FROM/)
  expect(server.mails).toEqual([])
})

test('the response to a wrong password is reported', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: AUTH })

  const walk = await walkTo(server, { ...SIGNED_IN, password: 'not the password' })

  expect(outline(walk).at(-1)).toBe('auth FAIL')
  expect(walk.steps.at(-1)?.answer).toContain('wrong user name or password')
})

test.for([
  ['refuseRecipient', 550, true],
  ['refuseRecipient', 451, false],
  ['refuseMail', 554, true],
  ['refuseMail', 452, false],
] as const)('%s with %i is permanent: %s', async ([on, responseCode, isPermanent]) => {
  const server = await startSmtp({ [on]: { responseCode, message: 'not now, or never' } })

  const walk = await walkTo(server)

  expect(walk).toMatchObject({ isPermanent })
  expect(walk.steps.at(-1)).toMatchObject({ step: 'accepted', isOk: false })
  expect(walk.steps.at(-1)?.answer).toContain('not now, or never')
})

test('a closed port and an unknown host are distinguished', async () => {
  const server = await startSmtp()

  const closed = await walkTo({ ...server, port: 1 })
  const nowhere = await walkTo({ ...server, host: 'no-such-host.invalid' })

  expect(outline(closed)).toEqual(['dns ok', 'connect FAIL'])
  expect(closed.steps.at(-1)?.answer).toContain('ECONNREFUSED')
  expect(outline(nowhere)).toEqual(['dns FAIL'])
})

test('a mail server that closes the connection in the middle of a mail fails the last step', async () => {
  const server = createServer((socket) => {
    const answers = ['220 hello', '250 hello', '250 sender ok']
    const answer = () => {
      const line = answers.shift()
      if (line === undefined) socket.end()
      else socket.write(`${line}\r\n`)
    }
    answer()
    socket.on('data', answer)
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const walk = await walkTo({ host: '127.0.0.1', port, mails: [] })

  expect(outline(walk)).toEqual(['dns ok', 'connect ok', 'accepted FAIL'])
  expect(walk.steps.at(-1)?.answer).toMatch(/closed/)
})
