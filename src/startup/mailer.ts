import type { Writable } from 'node:stream'
import type { Config } from '../config/schema.ts'
import type { LiveConfig, Mailer } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Preview } from '../mail/preview.ts'
import type { RecordCheck } from '../mail/sender-records.ts'
import type { Walk } from '../mail/smtp-test.ts'
import { declaredMail, type MailTemplate, mailTemplates } from '../mails.ts'
import { closest } from '../platform/closest.ts'
import { logoType, MAX_BRAND_BYTES, readNamedFile } from '../platform/named-file.ts'
import { shell } from '../platform/shell.ts'
import type { LiveTexts } from '../platform/texts/texts.ts'
import { liveTexts } from './live-texts.ts'

/** Creates the mailer: SMTP, or the terminal if no mail server is configured. */
export async function createMailer(live: LiveConfig, texts: LiveTexts, output: Writable): Promise<Mailer> {
  const { smtp, mail } = live.current()
  const options = mailOptions(live, texts)
  if (smtp.host === undefined || mail.from === undefined) {
    const { terminalMailer } = await import('../mail/terminal-mailer.ts')
    return terminalMailer({ ...options, output })
  }
  const { smtpMailer } = await import('../mail/smtp-mailer.ts')
  return smtpMailer({ ...options, from: mail.from, smtp: { ...smtp, host: smtp.host } })
}

/** The options of every mailer, whether SMTP or terminal. */
function mailOptions(live: Pick<LiveConfig, 'current'>, texts: LiveTexts) {
  const { mail, publicUrl, app } = live.current()
  const logo = mailLogo(app)
  return {
    app: () => {
      const { app } = live.current()
      return { name: app.name, supportUrl: app.supportUrl, accent: app.accent, logo }
    },
    texts,
    dkim: dkimOf(mail),
    ...(mail.otpHeader && { otpOrigin: new URL(publicUrl).origin }),
  }
}

/** A start refuses an unreadable file. A command works without it. */
function mailLogo({ mailLogo, logo }: Config['app']): Buffer | undefined {
  const file = mailLogo ?? logo
  if (file === undefined || logoType(file) !== 'image/png') return undefined
  const read = readNamedFile(file, MAX_BRAND_BYTES)
  return 'body' in read ? read.body : undefined
}

export interface SampleMail {
  template: string
  lang: string
  to?: string
  messageId?: string
}

/** Builds a mail with sample values. Throws USAGE for an unknown mail, CONFIG_INVALID for bad templates. */
export async function previewOf(config: Config, { template: name, ...rest }: SampleMail): Promise<Preview> {
  const { previewMail } = await import('../mail/preview.ts')
  const template = templateNamed(name)
  const texts = liveTexts()
  await texts.load(config)
  const from = config.mail.from ?? 'no-reply@example.com'
  return await previewMail({ template, ...rest }, { ...mailOptions({ current: () => config }, texts), from })
}

/** Returns a mail's sample values by its name. Throws USAGE for an unknown name. */
export function sampleValues(name: string): { template: MailTemplate; values: Record<string, string> } {
  const template = templateNamed(name)
  return { template, values: declaredMail(template).values }
}

function templateNamed(name: string): MailTemplate {
  const template = mailTemplates.find((known) => known === name)
  if (template !== undefined) return template
  const near = closest(name, mailTemplates)
  throw new AuthdError('USAGE', {
    message: `Unknown mail "${name}". The mails are ${mailTemplates.join(', ')}.`,
    suggestions: near ? [shell`authd email preview ${near}`] : [],
  })
}

/** A mailer that is created at its first mail, because most commands send none. */
export function mailerWhenUsed(make: () => Promise<Mailer>): Mailer {
  let made: Promise<Mailer> | undefined
  return {
    async send(mail, limit) {
      made ??= make()
      return await (await made).send(mail, limit)
    },
    async close() {
      await (await made)?.close()
    },
  }
}

/** Sends a sample to the mail server step by step. Returns undefined if none is configured. */
export async function walkMail(
  config: Config,
  { now, ...sample }: SampleMail & { to: string; now: number },
): Promise<Walk | undefined> {
  const { smtp, mail } = config
  if (smtp.host === undefined || mail.from === undefined) return undefined
  const { raw } = await previewOf(config, sample)
  const { walkSmtp } = await import('../mail/smtp-test.ts')
  return await walkSmtp({ smtp: { ...smtp, host: smtp.host }, from: mail.from, now, mail: { to: sample.to, raw } })
}

/** The same without a mail: DNS, connection, TLS and sign-in, each within `limitMs`. Undefined without a mail server. */
export async function walkToServer(
  { smtp, mail }: Config,
  { now, limitMs }: { now: number; limitMs: number },
): Promise<Walk | undefined> {
  if (smtp.host === undefined || mail.from === undefined) return undefined
  const { walkSmtp } = await import('../mail/smtp-test.ts')
  const timeout = Math.min(smtp.timeout, limitMs)
  return await walkSmtp({ smtp: { ...smtp, host: smtp.host, timeout }, from: mail.from, now })
}

/**
 * Checks the DNS records of the sender's domain. `selector`: of the DKIM key of a mail server that signs. `servers`: other
 * DNS servers than this machine's.
 */
export async function senderRecords(
  { mail }: Config,
  options: { selector?: string | undefined; servers?: string[] | undefined } = {},
): Promise<RecordCheck[]> {
  const { checkSenderRecords } = await import('../mail/sender-records.ts')
  const { domainOf, parseMailbox } = await import('../mail/sender.ts')
  return mail.from === undefined
    ? []
    : await checkSenderRecords(domainOf(parseMailbox(mail.from)), { ...options, dkim: dkimOf(mail) })
}

/** config/mail-rules.ts checks that all three are set, or none. */
function dkimOf({ dkimDomain: domain, dkimSelector: selector, dkimKey: privateKey }: Config['mail']) {
  return domain && selector && privateKey ? { domain, selector, privateKey } : undefined
}
