import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { terminalMailer } from '../../src/mail/terminal-mailer.ts'
import { APP, SIGNIN, TEXTS } from '../support/mail-samples.ts'

test('in development a mail is printed with its recipient, and code and link on separate lines', async () => {
  const output = new PassThrough({ encoding: 'utf8' })

  await terminalMailer({ app: () => APP, texts: TEXTS, output }).send(SIGNIN, AbortSignal.timeout(60_000))

  const lines = String(output.read())
    .split('\n')
    .map((line) => line.replace('│', '').trim())
  expect(lines).toContain('Mail to  anna@example.com')
  expect(lines).toContain('Subject  482913 is your Example sign-in code')
  expect(lines).toContain('Code     482913')
  expect(lines).toContain('Link     https://auth.example.com/signin/link?token=att_1.secret&x=1')
})
