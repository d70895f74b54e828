import type { Socket } from 'node:net'
import { createTransport } from 'nodemailer'
import type { Mailer } from '../deps.ts'
import { MailError } from '../platform/mail-error.ts'
import { sharedLookup } from '../platform/net/shared-lookup.ts'
import { plain } from '../platform/plain-text.ts'
import type { LiveTexts } from '../platform/texts/texts.ts'
import { type DkimSettings, dkimOptions, messageOf } from './message.ts'
import { hidePassword } from './quoted-password.ts'
import { type MailApp, renderMail } from './render.ts'
import { domainOf, parseMailbox } from './sender.ts'
import { notAccepted } from './smtp-error.ts'
import { connectionOptions, credentials, type SmtpSettings } from './smtp-options.ts'
import { connectToServer } from './smtp-socket.ts'

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
  const hide = hidePassword(smtp)
  const transport = createTransport({
    ...connectionOptions(smtp, domainOf(sender)),
    auth: credentials(smtp),
    pool: true,
    getSocket: socketsOf(smtp),
    maxConnections: smtp.maxConnections,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(dkim && { dkim: dkimOptions(dkim) }),
  })
  return {
    async send(mail, limit) {
      const rendered = await renderMail(mail, app(), texts.current())
      try {
        const sent = await transport.sendMail({ ...messageOf(mail, rendered, { sender, otpOrigin }), signal: limit })
        return plain(hide(sent.response))
      } catch (error) {
        if (limit.aborted)
          throw new MailError(endOf(limit), { isPermanent: false, isDown: isLate(limit), cause: error })
        throw notAccepted(mail, error, hide)
      }
    },
    async close() {
      // A busy connection belongs to a try that nobody waits for.
      transport.close({ force: true })
    },
  }
}

/** What nodemailer asks for a connection. */
function socketsOf(smtp: SmtpSettings) {
  const lookup = sharedLookup()
  type Callback = (error: Error | null, socket?: { connection: Socket }) => void
  return (_: unknown, callback: Callback) => {
    connectToServer(smtp, lookup).then((connection) => callback(null, { connection }), callback)
  }
}

/** Why a try was ended before the mail server had accepted the mail. */
function endOf(limit: AbortSignal): string {
  return isLate(limit)
    ? 'the mail server took too long to accept the mail'
    : 'authd stopped before the mail was accepted'
}

function isLate({ reason }: AbortSignal): boolean {
  return reason instanceof Error && reason.name === 'TimeoutError'
}
