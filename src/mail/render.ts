import type { Mail, MailTemplate } from '../deps.ts'
import { templates } from '../platform/templates.ts'
import { type SentenceValues, sentenceHelper, type Translator, translatorFor } from '../platform/translate.ts'

/** What a mail says about who sends it. */
export interface MailApp {
  name: string
  supportUrl?: string | undefined
}

export interface RenderedMail {
  subject: string
  html: string
  text: string
}

/** Fills the mail's template in its language. Values are shown as text: they add no markup, no line and no header. */
export async function renderMail(
  mail: Pick<Mail, 'template' | 'lang' | 'values'>,
  app: MailApp,
): Promise<RenderedMail> {
  const translate = translatorFor(mail.lang)
  const ownApp = { name: asLine(app.name), supportUrl: app.supportUrl }
  const { subject, preheader, ...view } = VIEWS[mail.template](mail.values, ownApp, translate)
  const { html, text } = await templates().mail(mail.template)
  const shown = { lang: translate.lang, dir: translate.t('dir'), app: ownApp, subject, preheader, ...view }
  const options = { helpers: { t: sentenceHelper(translate) } }
  return { subject, html: html(shown, options), text: text(shown, options) }
}

interface View extends SentenceValues {
  subject: string
  preheader: string
}

const VIEWS: Record<MailTemplate, (values: Mail['values'], app: MailApp, translate: Translator) => View> = {
  signin(values, app, { t }) {
    const code = asLine(values['code'])
    const minutes = Number(values['expires_minutes'])
    return {
      subject: t('mail.signin.subject', { code, app: app.name }),
      preheader: t('mail.signin.preheader', { code, count: minutes }),
      code,
      isLong: code.length > 8,
      minutes,
      link: values['link'] ? asLink(values['link']) : undefined,
      email: asLine(values['email_masked']),
      browser: asLine(values['requested_by']),
      ip: asLine(values['requested_ip']),
    }
  },
  test: (_, app, { t }) => ({
    subject: t('mail.test.subject', { app: app.name }),
    preheader: t('mail.test.preheader', { app: app.name }),
  }),
}

const LINE_MAX = 120

/** One line of plain text: no control characters, no line ends, nothing that turns the reading direction. */
function asLine(value: string | undefined): string {
  const line = (value ?? '').replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  return line.length > LINE_MAX ? `${line.slice(0, LINE_MAX - 1)}…` : line
}

function asLink(value: string): string {
  const url = new URL(value)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`a mail can't link to ${url.protocol}`)
  return url.href
}
