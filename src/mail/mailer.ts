import { createTransport } from 'nodemailer'
import type { Mail, Mailer } from '../deps.ts'
import { maskEmail } from '../platform/email-address.ts'
import { MailError } from '../platform/mail-error.ts'
import { domainOf, parseMailbox } from './mailbox.ts'
import { type MailApp, renderMail } from './render.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'
import { asLine, asLink } from './values.ts'

export interface MailerOptions {
  smtp: SmtpSettings
  /** `Example <no-reply@example.com>` */
  from: string
  /** Asked for each mail: its values may change with a reload. */
  app: () => MailApp
  dkim?: DkimSettings | undefined
  /** The origin at which codes are typed, for the header OTP-Token; without it there is none. */
  otpOrigin?: string | undefined
}

export interface DkimSettings {
  domain: string
  selector: string
  /** RSA, in PEM. */
  privateKey: string
}

/** Sends through the operator's relay. Header and envelope are made of the one canonical address, never parsed from text. */
export function smtpMailer({ smtp, from, app, dkim, otpOrigin }: MailerOptions): Mailer {
  const sender = parseMailbox(from)
  const domain = domainOf(sender)
  const transport = createTransport({
    ...connectionOptions(smtp, domain),
    auth: credentials(smtp),
    pool: true,
    maxConnections: smtp.maxConnections,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim && { dkim: { domainName: dkim.domain, keySelector: dkim.selector, privateKey: dkim.privateKey } }),
  })
  return {
    async send(mail) {
      const { subject, html, text } = await renderMail(mail, app())
      try {
        const sent = await transport.sendMail({
          from: sender,
          to: { name: '', address: mail.to },
          envelope: { from: sender.address, to: [mail.to] },
          messageId: `<${mail.messageId}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          ...(otpOrigin !== undefined && otpOf(mail, otpOrigin)),
          subject,
          text,
          html,
        })
        return sent.response
      } catch (error) {
        throw notAccepted(mail, error)
      }
    },
    async close() {
      transport.close()
    },
  }
}

/** Codes are typed where the mail's link leads, which may be an application's own page. */
function otpOf({ values: { code, link } }: Mail, otpOrigin: string): { otp?: { code: string; origin: string } } {
  if (!code) return {}
  return { otp: { code: asLine(code), origin: link ? new URL(asLink(link)).origin : otpOrigin } }
}

/** Only a 5xx about this mail is permanent: a refused login or connection can be mended while the mail waits. */
function notAccepted(mail: Mail, error: unknown): MailError {
  const { code, responseCode = 0, message } = error as { code?: string; responseCode?: number; message: string }
  const isPermanent = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  // Relays repeat the address, and what they say is logged.
  return new MailError(message.replaceAll(mail.to, maskEmail(mail.to)), { isPermanent, cause: error })
}
