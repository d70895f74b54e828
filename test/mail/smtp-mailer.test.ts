import { expect, test } from 'vitest'
import { MAILS } from '../../src/mails.ts'
import { mailerFor, SIGNIN } from '../support/mail-samples.ts'
import { CERTIFICATE, CERTIFICATE_OF_ANOTHER, startSmtp } from '../support/smtp.ts'

test('a mail has text first and HTML second with the same content', async () => {
  const server = await startSmtp()

  const answer = await mailerFor(server).send(SIGNIN)

  const [mail] = server.mails
  expect(answer).toMatch(/^250 /)
  expect(mail?.raw.indexOf('text/plain')).toBeLessThan(mail?.raw.indexOf('text/html') ?? 0)
  expect(mail?.parsed.text).toContain('\nhttps://auth.example.com/signin/link?token=att_1.secret&x=1\n')
  expect(mail?.parsed.html).toContain(
    'href="https://auth.example.com/signin/link?token&#x3D;att_1.secret&amp;x&#x3D;1"',
  )
})

test('the headers mark the mail as automatic and carry its outbox id', async () => {
  const server = await startSmtp()

  await mailerFor(server).send(SIGNIN)

  const parsed = server.mails[0]?.parsed
  expect(parsed?.subject).toBe('482913 is your Example sign-in code')
  expect(parsed?.messageId).toBe('<msg_01jdgq8w7v4m2e6k9s3x5c1b0n@example.org>')
  expect(parsed?.from?.value).toEqual([{ name: 'Example', address: 'no-reply@example.org' }])
  expect(parsed?.headers.get('auto-submitted')).toBe('auto-generated')
  expect(parsed?.headers.get('x-auto-response-suppress')).toBe('All')
  expect(parsed?.headers.get('date')).toBeInstanceOf(Date)
})

test('envelope and header carry only the stored address', async () => {
  const server = await startSmtp()

  await mailerFor(server).send({ ...SIGNIN, to: "o'neil+a/b=c@xn--mnchen-3ya.example" })

  const [mail] = server.mails
  expect(mail?.from).toBe('no-reply@example.org')
  expect(mail?.to).toEqual(["o'neil+a/b=c@münchen.example"]) // The test server decodes domains.
  expect(mail?.raw).toMatch(/^To: o'neil\+a\/b=c@xn--mnchen-3ya\.example\r$/m)
})

test('a relay without STARTTLS gets no mail', async () => {
  const server = await startSmtp()

  const sending = mailerFor(server, { tls: 'starttls' }).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', isPermanent: false })
  expect(server.mails).toEqual([])
})

test('an untrusted certificate is rejected', async () => {
  const server = await startSmtp({ tls: 'starttls' })

  const sending = mailerFor(server, { tls: 'starttls' }).send(SIGNIN)

  await expect(sending).rejects.toThrow(/self-signed certificate/)
  expect(server.mails).toEqual([])
})

test('an untrusted certificate is rejected with implicit TLS', async () => {
  const server = await startSmtp({ tls: 'implicit' })

  const sending = mailerFor(server, { tls: 'implicit' }).send(SIGNIN)

  await expect(sending).rejects.toThrow(/self-signed certificate/)
  expect(server.mails).toEqual([])
})

test('a valid certificate of another host is rejected', async () => {
  const certificate = CERTIFICATE_OF_ANOTHER
  const server = await startSmtp({ tls: 'starttls', certificate })

  const sending = mailerFor(server, { tls: 'starttls', caFile: certificate }).send(SIGNIN)

  await expect(sending).rejects.toThrow(/Host: localhost. is not cert's CN|does not match certificate/)
  expect(server.mails).toEqual([])
})

test('a relay that withdraws STARTTLS gets neither password nor mail', async () => {
  const server = await startSmtp({ auth: { user: 'authd', pass: 'right' } })

  const sending = mailerFor(server, { tls: 'starttls', username: 'authd', password: 'right' }).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', isPermanent: false })
  expect(server.mails).toEqual([])
})

test.for(['starttls', 'implicit'] as const)('with the certificate authority of ca_file, %s works', async (tls) => {
  const server = await startSmtp({ tls })

  await mailerFor(server, { tls, caFile: CERTIFICATE }).send(SIGNIN)

  expect(server.mails[0]?.isEncrypted).toBe(true)
})

test('authd logs in to a relay that requires it', async () => {
  const auth = { user: 'authd', pass: 'correct horse' }
  const server = await startSmtp({ tls: 'starttls', auth })

  await mailerFor(server, { tls: 'starttls', caFile: CERTIFICATE, username: auth.user, password: auth.pass }).send(
    SIGNIN,
  )

  expect(server.mails).toHaveLength(1)
})

test('a rejected login is a temporary failure, so the operator can fix it while the mail waits', async () => {
  const server = await startSmtp({ tls: 'starttls', auth: { user: 'authd', pass: 'right' } })

  const sending = mailerFor(server, {
    tls: 'starttls',
    caFile: CERTIFICATE,
    username: 'authd',
    password: 'not the password',
  }).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', isPermanent: false })
})

const ANSWERS = [
  { on: 'refuseRecipient', responseCode: 550, kind: 'permanent', isPermanent: true },
  { on: 'refuseRecipient', responseCode: 451, kind: 'temporary', isPermanent: false },
  { on: 'refuseMail', responseCode: 554, kind: 'permanent', isPermanent: true },
  { on: 'refuseMail', responseCode: 452, kind: 'temporary', isPermanent: false },
] as const

test.for(ANSWERS)('$responseCode ($on) is a $kind failure', async ({ on, responseCode, isPermanent }) => {
  const server = await startSmtp({ [on]: { responseCode, message: 'not now, or never' } })

  const sending = mailerFor(server).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', isPermanent })
})

test('an unreachable relay is a temporary failure', async () => {
  const server = await startSmtp()

  const sending = mailerFor({ ...server, port: 1 }).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', isPermanent: false })
})

test('a response that repeats an address does not put the address into the logs', async () => {
  const server = await startSmtp({
    refuseRecipient: { responseCode: 550, message: '<anna@example.com>: user unknown' },
  })

  const sending = mailerFor(server).send(SIGNIN)

  await expect(sending).rejects.toThrow('<a…@example.com>: user unknown')
})

test('with otp_header a mail names its code and the origin of its link', async () => {
  const server = await startSmtp()

  await mailerFor(server, {}, { otpOrigin: 'https://auth.example.com' }).send({
    ...SIGNIN,
    values: { ...SIGNIN.values, link: 'https://app.example.com/signed-in?token=att_1.secret' },
  })

  expect(server.mails[0]?.raw).toMatch(/^OTP-Token: "482913"; origin="https:\/\/app\.example\.com"\r$/m)
})

test('otp_header uses public_url for a code without a link, and is left out of a mail without a code', async () => {
  const server = await startSmtp()
  const mailer = mailerFor(server, {}, { otpOrigin: 'https://auth.example.com' })

  await mailer.send({ ...SIGNIN, template: 'stepup', values: MAILS.stepup.values })
  await mailer.send({ ...SIGNIN, template: 'test', values: {} })

  expect(server.mails[0]?.raw).toMatch(/^OTP-Token: "482913"; origin="https:\/\/auth\.example\.com"\r$/m)
  expect(server.mails[1]?.raw).not.toMatch(/^OTP-Token/m)
})

test('without otp_header no header of its own carries the code', async () => {
  const server = await startSmtp()

  await mailerFor(server).send(SIGNIN)

  expect(server.mails[0]?.raw).not.toMatch(/^OTP-Token/im)
})

test.for([
  ['refuseRecipient', '5.1.1 <anna@example.com>: user unknown', '5.1.1'],
  ['refuseRecipient', 'no such user', undefined],
] as const)(
  'a permanently rejected recipient is reported with its code: %s %s',
  async ([on, message, enhancedCode]) => {
    const server = await startSmtp({ [on]: { responseCode: 550, message } })

    const sending = mailerFor(server).send(SIGNIN)

    await expect(sending).rejects.toMatchObject({
      refusal: { enhancedCode, response: expect.stringContaining('user') },
    })
    await expect(sending).rejects.not.toMatchObject({ refusal: { response: expect.stringContaining('anna@') } })
  },
)

test.for([
  ['refuseRecipient', 450],
  ['refuseMail', 550],
] as const)('%s with %i is not blamed on the address', async ([on, responseCode]) => {
  const server = await startSmtp({ [on]: { responseCode, message: '5.1.1 user unknown' } })

  const sending = mailerFor(server).send(SIGNIN)

  await expect(sending).rejects.toMatchObject({ name: 'MailError', refusal: undefined })
})

test("a mail server's answer with control characters arrives as plain text", async () => {
  const server = await startSmtp({ refuseMail: { responseCode: 550, message: 'no\0 \u009b31m spam\u202e' } })

  const sending = mailerFor(server).send(SIGNIN)

  await expect(sending).rejects.toThrow(/^[^\p{Cc}\u202e]* 550 no[^\p{Cc}\u202e]*31m spam[^\p{Cc}\u202e]*$/u)
})
