import { onTestFinished } from 'vitest'
import type { Mail, Mailer } from '../../src/deps.ts'
import { type MailerOptions, smtpMailer } from '../../src/mail/mailer.ts'
import type { SmtpSettings } from '../../src/mail/smtp-options.ts'
import type { TestSmtp } from '../smtp.ts'

export const APP = { name: 'Example', supportUrl: 'https://example.com/help' }

export const SIGNIN: Mail = {
  messageId: 'msg_01jdgq8w7v4m2e6k9s3x5c1b0n',
  to: 'anna@example.com',
  template: 'signin',
  lang: 'en',
  values: {
    code: '482913',
    link: 'https://auth.example.com/signin/link?token=att_1.secret&x=1',
    expires_minutes: '10',
    requested_by: 'Firefox on Linux',
    requested_ip: '2001:db8::1',
    email_masked: 'a…@example.com',
  },
}

export function settingsFor(server: TestSmtp, more: Partial<SmtpSettings> = {}): SmtpSettings {
  return { host: server.host, port: server.port, tls: 'none', timeout: 2000, maxConnections: 2, ...more }
}

export function mailerFor(
  server: TestSmtp,
  more: Partial<SmtpSettings> = {},
  options: Partial<MailerOptions> = {},
): Mailer {
  const from = 'Example <no-reply@example.org>'
  const mailer = smtpMailer({ smtp: settingsFor(server, more), from, app: () => APP, ...options })
  onTestFinished(() => mailer.close())
  return mailer
}
