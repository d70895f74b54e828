import { createTransport } from 'nodemailer'
import { declaredMail, type MailTemplate } from '../mails.ts'
import { dkimOptions, messageOf } from './message.ts'
import { type RenderedMail, renderMail } from './render.ts'
import { parseMailbox } from './sender.ts'
import type { MailerOptions } from './smtp-mailer.ts'

/** The recipient of a preview, unless another one is given. */
const SAMPLE_TO = { messageId: 'msg_preview', to: 'you@example.com' }

export interface Preview extends RenderedMail {
  /** The complete mail, with a DKIM signature if mails are signed. */
  raw: string
}

/** Builds a mail as it would be sent, with sample values. */
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
