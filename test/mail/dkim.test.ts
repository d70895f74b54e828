import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { MAILS } from '../../src/mails.ts'
import { checkDkim, type DkimResult } from '../support/dkim.ts'
import { mailerFor, SIGNIN } from '../support/mail-samples.ts'
import { startSmtp } from '../support/smtp.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const DKIM = {
  domain: 'example.org',
  selector: 'authd',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
}
const WHOLE: Partial<DkimResult> = { isBodyWhole: true, isSignatureRight: true }

test('a signed mail verifies against the public key, and names domain and selector', async () => {
  const server = await startSmtp()

  await mailerFor(server, {}, { dkim: DKIM }).send(SIGNIN)

  const result = checkDkim(server.mails[0]?.raw ?? '', publicKey)
  expect(result).toMatchObject({ ...WHOLE, domain: 'example.org', selector: 'authd', algorithm: 'rsa-sha256' })
})

test('the signature covers who sent what to whom, when, and the code in the header', async () => {
  const server = await startSmtp()

  await mailerFor(server, {}, { dkim: DKIM, otpOrigin: 'https://auth.example.com' }).send(SIGNIN)

  const { signedHeaders = [] } = checkDkim(server.mails[0]?.raw ?? '', publicKey) ?? {}
  const needed = ['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type', 'otp-token']
  expect(needed.filter((name) => !signedHeaders.includes(name))).toEqual([])
})

test('a long German subject in several encoded words verifies', async () => {
  const server = await startSmtp()
  const app = { name: 'Bürgerämter der Städte Köln, Düsseldorf, Nürnberg und Würzburg für Öffentlichkeitsarbeit' }

  await mailerFor(server, {}, { dkim: DKIM, app: () => app }).send({
    ...SIGNIN,
    lang: 'de',
    template: 'email_changed',
    values: MAILS.email_changed.values,
  })

  const { raw = '', parsed } = server.mails[0] ?? {}
  expect(parsed?.subject).toContain('Köln, Düsseldorf, Nürnberg und Würzburg')
  expect(raw).toMatch(/^Subject: =\?UTF-8\?.*\r\n /m)
  expect(checkDkim(raw, publicKey)).toMatchObject(WHOLE)
})

test.for([
  ['the subject', /^Subject: .*$/m, 'Subject: 111111 is your Example sign-in code', { isSignatureRight: false }],
  ['the sender', /^From: .*$/m, 'From: eve@example.org', { isSignatureRight: false }],
  ['the text', '482913\r\n', '111111\r\n', { isBodyWhole: false }],
] as const)('changing %s on the way breaks the signature', async ([, found, put, broken]) => {
  const server = await startSmtp()
  await mailerFor(server, {}, { dkim: DKIM }).send(SIGNIN)

  const changed = server.mails[0]?.raw.replace(found, put) ?? ''

  expect(changed).not.toBe(server.mails[0]?.raw)
  expect(checkDkim(changed, publicKey)).toMatchObject(broken)
})

test('without a key mails are not signed', async () => {
  const server = await startSmtp()

  await mailerFor(server).send(SIGNIN)

  expect(checkDkim(server.mails[0]?.raw ?? '', publicKey)).toBe(undefined)
})
