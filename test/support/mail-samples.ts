import { onTestFinished } from 'vitest'
import type { Mail, Mailer } from '../../src/deps.ts'
import { type MailerOptions, smtpMailer } from '../../src/mail/smtp-mailer.ts'
import type { SmtpSettings } from '../../src/mail/smtp-options.ts'
import { MAILS } from '../../src/mails.ts'
import { builtInTexts, type LiveTexts } from '../../src/platform/texts/texts.ts'
import type { TestSmtp } from './smtp.ts'

export const APP = { name: 'Example', supportUrl: 'https://example.com/help' }

/** The built-in texts only. */
export const TEXTS: LiveTexts = { current: builtInTexts }

export const SIGNIN: Mail = {
  messageId: 'msg_01jdgq8w7v4m2e6k9s3x5c1b0n',
  to: 'anna@example.com',
  template: 'signin',
  lang: 'en',
  values: MAILS.signin.values,
}

const NEVER = new AbortController().signal

export function settingsFor(server: TestSmtp, more: Partial<SmtpSettings> = {}): SmtpSettings {
  return { host: server.host, port: server.port, tls: 'none', timeout: 60_000, maxConnections: 2, ...more }
}

export function mailerFor(
  server: TestSmtp,
  more: Partial<SmtpSettings> = {},
  options: Partial<MailerOptions> = {},
): Mailer & { send(mail: Mail): Promise<string> } {
  const from = 'Example <no-reply@example.org>'
  const mailer = smtpMailer({ smtp: settingsFor(server, more), from, app: () => APP, texts: TEXTS, ...options })
  onTestFinished(() => mailer.close())
  return { ...mailer, send: (mail: Mail, limit?: AbortSignal) => mailer.send(mail, limit ?? NEVER) }
}
