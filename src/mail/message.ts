import type { SendMailOptions } from 'nodemailer'
import type { Mail } from '../deps.ts'
import { asLine, asLink } from './format-value.ts'
import { LOGO, type RenderedMail } from './render.ts'
import { domainOf, type Mailbox } from './sender.ts'

export interface DkimSettings {
  domain: string
  selector: string
  /** An RSA key in PEM. */
  privateKey: string
}

export function dkimOptions({ domain, selector, privateKey }: DkimSettings) {
  return { domainName: domain, keySelector: selector, privateKey }
}

/**
 * Builds headers and parts of a mail. Header and envelope use the one canonical address and never parse it from text.
 */
export function messageOf(
  mail: Mail,
  { subject, html, text, logo }: RenderedMail,
  { sender, otpOrigin }: { sender: Mailbox; otpOrigin: string | undefined },
): SendMailOptions {
  return {
    from: sender,
    to: { name: '', address: mail.to },
    envelope: { from: sender.address, to: [mail.to] },
    messageId: `<${mail.messageId}@${domainOf(sender)}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    ...(otpOrigin !== undefined && otpOf(mail, otpOrigin)),
    subject,
    text,
    html,
    ...(logo && { attachments: [inlined(logo)] }),
  }
}

/** Users enter the code where the mail's link leads, which may be a page of the application. */
function otpOf({ values: { code, link } }: Mail, otpOrigin: string): { otp?: { code: string; origin: string } } {
  if (!code) return {}
  return { otp: { code: asLine(code), origin: link ? new URL(asLink(link)).origin : otpOrigin } }
}

/**
 * Part of the mail, because mail programs show such an image at once, and ask before they load one from a server. Nobody
 * learns when the mail was opened.
 */
function inlined(content: Buffer) {
  return { cid: LOGO, content, contentType: 'image/png', contentDisposition: 'inline' as const, filename: 'logo.png' }
}
