import type { Config } from './config/schema.ts'
import type { ConfigSource, Mailer } from './deps.ts'
import { AuthdError } from './errors.ts'
import type { Preview } from './mail/preview.ts'
import type { ProbeStep } from './mail/probe.ts'
import { closest } from './platform/closest.ts'
import type { TextSource } from './platform/texts.ts'
import { textSource } from './wire-texts.ts'

/** The mailer of this configuration: the operator's relay, or the terminal where there is none. */
export async function createMailer(
  source: ConfigSource,
  texts: TextSource,
  output: NodeJS.WriteStream,
): Promise<Mailer> {
  const { smtp, mail } = source.current()
  const options = mailOptions(source, texts)
  if (smtp.host === undefined || mail.from === undefined) {
    const { terminalMailer } = await import('./mail/terminal-mailer.ts')
    return terminalMailer({ ...options, output })
  }
  const { smtpMailer } = await import('./mail/mailer.ts')
  return smtpMailer({ ...options, from: mail.from, smtp: { ...smtp, host: smtp.host } })
}

/** What mails are made of, but for the way they go. */
function mailOptions(source: Pick<ConfigSource, 'current'>, texts: TextSource) {
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

/** A mail of this configuration with sample values; Throws USAGE for a mail that there is not, CONFIG_INVALID for bad templates. */
export async function previewOf(config: Config, name: string, lang: string): Promise<Preview> {
  const { mailTemplates, previewMail } = await import('./mail/preview.ts')
  const template = mailTemplates().find((known) => known === name)
  if (template === undefined) {
    const near = closest(name, mailTemplates())
    throw new AuthdError('USAGE', {
      message: `There is no mail "${name}". There are ${mailTemplates().join(', ')}.`,
      suggestions: near ? [`authd email preview ${near}`] : [],
    })
  }
  const texts = textSource()
  await texts.load(config)
  const from = config.mail.from ?? 'no-reply@example.com'
  return await previewMail({ template, lang }, { ...mailOptions({ current: () => config }, texts), from })
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

/** Walks to the configured mail server step by step, up to signing in. */
export async function probeMail({ smtp, mail }: Config): Promise<ProbeStep[]> {
  if (smtp.host === undefined || mail.from === undefined) return []
  const { probeSmtp } = await import('./mail/probe.ts')
  return await probeSmtp({ ...smtp, host: smtp.host }, mail.from)
}

/** All three or none: config/mail-rules.ts. */
function dkimOf({ dkimDomain: domain, dkimSelector: selector, dkimKey: privateKey }: Config['mail']) {
  return domain && selector && privateKey ? { domain, selector, privateKey } : undefined
}
