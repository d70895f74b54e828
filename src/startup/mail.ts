import type { Config } from '../config/schema.ts'
import type { LiveConfig, Mailer } from '../deps.ts'
import { AuthdError } from '../errors.ts'
import type { Preview } from '../mail/preview.ts'
import type { RecordCheck } from '../mail/sender-records.ts'
import type { Walk } from '../mail/walk.ts'
import { declaredMail, type MailTemplate, mailTemplates } from '../mails.ts'
import { closest } from '../platform/closest.ts'
import type { LiveTexts } from '../platform/texts/texts.ts'
import { liveTexts } from './texts.ts'

/** The mailer of this configuration: the operator's relay, or the terminal where there is none. */
export async function createMailer(source: LiveConfig, texts: LiveTexts, output: NodeJS.WriteStream): Promise<Mailer> {
  const { smtp, mail } = source.current()
  const options = mailOptions(source, texts)
  if (smtp.host === undefined || mail.from === undefined) {
    const { terminalMailer } = await import('../mail/terminal-mailer.ts')
    return terminalMailer({ ...options, output })
  }
  const { smtpMailer } = await import('../mail/mailer.ts')
  return smtpMailer({ ...options, from: mail.from, smtp: { ...smtp, host: smtp.host } })
}

/** What mails are made of, but for the way they go. */
function mailOptions(source: Pick<LiveConfig, 'current'>, texts: LiveTexts) {
  const { mail, publicUrl } = source.current()
  return {
    app: () => {
      const { app } = source.current()
      return { name: app.name, supportUrl: app.supportUrl }
    },
    texts,
    dkim: dkimOf(mail),
    ...(mail.otpHeader && { otpOrigin: new URL(publicUrl).origin }),
  }
}

export interface SampleMail {
  template: string
  lang: string
  to?: string
  messageId?: string
}

/** A mail of this configuration with sample values. Throws USAGE for an unknown mail, CONFIG_INVALID for bad templates. */
export async function previewOf(config: Config, { template: name, ...rest }: SampleMail): Promise<Preview> {
  const { previewMail } = await import('../mail/preview.ts')
  const template = templateNamed(name)
  const texts = liveTexts()
  await texts.load(config)
  const from = config.mail.from ?? 'no-reply@example.com'
  return await previewMail({ template, ...rest }, { ...mailOptions({ current: () => config }, texts), from })
}

/** A mail by name with sample values. Throws USAGE for an unknown name. */
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
    suggestions: near ? [`authd email preview ${near}`] : [],
  })
}

/** Most commands send nothing, and need not wait for what could. */
export function mailerWhenUsed(make: () => Promise<Mailer>): Mailer {
  let made: Promise<Mailer> | undefined
  return {
    async send(mail) {
      made ??= make()
      return await (await made).send(mail)
    },
    async close() {
      await (await made)?.close()
    },
  }
}

/** Carries a sample to the configured mail server step by step; undefined: there is none. */
export async function walkMail(
  config: Config,
  { now, ...sample }: SampleMail & { to: string; now: number },
): Promise<Walk | undefined> {
  const { smtp, mail } = config
  if (smtp.host === undefined || mail.from === undefined) return undefined
  const { raw } = await previewOf(config, sample)
  const { walkSmtp } = await import('../mail/walk.ts')
  return await walkSmtp({ smtp: { ...smtp, host: smtp.host }, from: mail.from, now, mail: { to: sample.to, raw } })
}

/** What the DNS says about mail from this sender. */
export async function senderRecords({ mail }: Config): Promise<RecordCheck[]> {
  const { checkSenderRecords } = await import('../mail/sender-records.ts')
  const { domainOf, parseMailbox } = await import('../mail/mailbox.ts')
  return mail.from === undefined
    ? []
    : await checkSenderRecords(domainOf(parseMailbox(mail.from)), { dkim: dkimOf(mail) })
}

/** All three or none: config/mail-rules.ts. */
function dkimOf({ dkimDomain: domain, dkimSelector: selector, dkimKey: privateKey }: Config['mail']) {
  return domain && selector && privateKey ? { domain, selector, privateKey } : undefined
}
