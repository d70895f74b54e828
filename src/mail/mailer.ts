import { createTransport } from 'nodemailer'
import type { Mail, Mailer } from '../deps.ts'
import { maskEmail } from '../platform/email-address.ts'
import { MailError, type RecipientRefusal } from '../platform/mail-error.ts'
import { plain } from '../platform/plain-text.ts'
import type { LiveTexts } from '../platform/texts/texts.ts'
import { domainOf, parseMailbox } from './mailbox.ts'
import { type DkimSettings, dkimOptions, messageOf } from './message.ts'
import { type MailApp, renderMail } from './render.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'

export interface MailerOptions {
  smtp: SmtpSettings
  /** `Example <no-reply@example.com>` */
  from: string
  /** Called for each mail, because a reload may change it. */
  app: () => MailApp
  texts: LiveTexts
  dkim?: DkimSettings | undefined
  /** The origin where users enter codes, for the header OTP-Token. Without it, mails have no such header. */
  otpOrigin?: string | undefined
}

/** Sends mails through the operator's mail server. */
export function smtpMailer({ smtp, from, app, texts, dkim, otpOrigin }: MailerOptions): Mailer {
  const sender = parseMailbox(from)
  const transport = createTransport({
    ...connectionOptions(smtp, domainOf(sender)),
    auth: credentials(smtp),
    pool: true,
    maxConnections: smtp.maxConnections,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim && { dkim: dkimOptions(dkim) }),
  })
  return {
    async send(mail) {
      const rendered = await renderMail(mail, app(), texts.current())
      try {
        const sent = await transport.sendMail(messageOf(mail, rendered, { sender, otpOrigin }))
        return plain(sent.response)
      } catch (error) {
        throw notAccepted(mail, error)
      }
    },
    async close() {
      transport.close()
    },
  }
}

/** Only a 5xx about this mail is permanent. An operator can fix a rejected login or connection while the mail waits. */
function notAccepted(mail: Mail, error: unknown): MailError {
  const { code, command, responseCode = 0, response = '', message } = error as Partial<SmtpError> & { message: string }
  const isPermanent = responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  // Mail servers repeat the address, and their answer, which may contain anything, is logged and stored.
  const masked = (text: string) => plain(text.replaceAll(mail.to, maskEmail(mail.to)))
  const refusal = isPermanent && command === 'RCPT TO' ? refusalOf(masked(response)) : undefined
  return new MailError(masked(message), { isPermanent, refusal, cause: error })
}

/** The fields that nodemailer adds to its errors. */
interface SmtpError {
  code: string
  command: string
  responseCode: number
  response: string
}

function refusalOf(response: string): RecipientRefusal {
  return { response, enhancedCode: /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] }
}
