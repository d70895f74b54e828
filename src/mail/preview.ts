import { createTransport } from 'nodemailer'
import { declaredMail, type MailTemplate } from '../mails.ts'
import { parseMailbox } from './mailbox.ts'
import type { MailerOptions } from './mailer.ts'
import { dkimOptions, messageOf } from './message.ts'
import { type RenderedMail, renderMail } from './render.ts'

/** Whom a preview is for, if nobody says. */
const SAMPLE_TO = { messageId: 'msg_preview', to: 'you@example.com' }

export interface Preview extends RenderedMail {
  /** The whole mail, signed if mails are. */
  raw: string
}

/** A mail as it would be sent, with sample values. */
export async function previewMail(
  { template, lang, ...named }: { template: MailTemplate; lang: string; to?: string; messageId?: string },
  { from, app, texts, dkim, otpOrigin }: Omit<MailerOptions, 'smtp'>,
): Promise<Preview> {
  const values = declaredMail(template).values
  const mail = { ...SAMPLE_TO, ...named, template, lang, values }
  const rendered = await renderMail(mail, app(), texts.current())
  const transport = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    ...(dkim && { dkim: dkimOptions(dkim) }),
  })
  const { message } = await transport.sendMail(messageOf(mail, rendered, { sender: parseMailbox(from), otpOrigin }))
  return { ...rendered, raw: String(message) }
}
