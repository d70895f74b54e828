import { createTransport } from 'nodemailer'
import type { Mail, Mailer } from '../deps.ts'
import { maskEmail } from '../platform/email-address.ts'
import { MailError } from '../platform/mail-error.ts'
import { domainOf, parseMailbox } from './mailbox.ts'
import { type MailApp, renderMail } from './render.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'

export interface MailerOptions {
  smtp: SmtpSettings
  /** `Example <no-reply@example.com>` */
  from: string
  /** Asked for each mail: its values may change with a reload. */
  app: () => MailApp
}

/** Sends through the operator's relay. Header and envelope are made of the one canonical address, never parsed from text. */
export function smtpMailer({ smtp, from, app }: MailerOptions): Mailer {
  const sender = parseMailbox(from)
  const domain = domainOf(sender)
  const transport = createTransport({
    ...connectionOptions(smtp, domain),
    auth: credentials(smtp),
    pool: true,
    maxConnections: smtp.maxConnections,
    disableFileAccess: true,
    disableUrlAccess: true,
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

/** Only a 5xx about this mail is permanent: a refused login or connection can be mended while the mail waits. */
function notAccepted(mail: Mail, error: unknown): MailError {
  const { code, responseCode = 0, message } = error as { code?: string; responseCode?: number; message: string }
  const isPermanent = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  // Relays repeat the address, and what they say is logged.
  return new MailError(message.replaceAll(mail.to, maskEmail(mail.to)), { isPermanent, cause: error })
}
