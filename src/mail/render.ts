import type { Mail } from '../deps.ts'
import { declaredMail, type MailLayout } from '../mails.ts'
import { accentsOf } from '../platform/accent.ts'
import { builtInTexts, type Texts } from '../platform/texts/texts.ts'
import { sentenceHelper, type Translator, translatorFor } from '../platform/texts/translate.ts'
import { asLine } from './format-value.ts'
import type { MailApp, View, ViewOf } from './layout-values.ts'
import { codeView, noticeView } from './safety-view.ts'
import { signinView, testView } from './signin-view.ts'

export type { MailApp } from './layout-values.ts'

export interface RenderedMail {
  subject: string
  html: string
  text: string
  /** The image that the HTML shows as `cid:logo`. */
  logo: Buffer | undefined
}

type MailContent = Pick<Mail, 'template' | 'lang' | 'values'>

/** The name of the logo in the message (RFC 2392). */
export const LOGO = 'logo'

const VIEWS: Record<MailLayout, ViewOf> = { signin: signinView, test: testView, code: codeView, notice: noticeView }

/** Fills the mail's layout in its language. Values are shown as text and cannot add markup, lines or headers. */
export async function renderMail(
  mail: MailContent,
  app: MailApp,
  texts: Texts = builtInTexts(),
): Promise<RenderedMail> {
  const translate = translatorFor(mail.lang, texts.locales)
  const shown = viewOf(mail, app, translate)
  const { html, text } = await texts.mail(mail.template, declaredMail(mail.template).layout)
  const options = { helpers: { t: sentenceHelper(translate) } }
  const rendered = { subject: shown.subject, html: html(shown, options), text: text(shown, options) }
  return { ...rendered, logo: rendered.html.includes(`cid:${LOGO}`) ? app.logo : undefined }
}

/** Returns everything that the templates of a mail may use. */
export function viewOf({ template, values }: MailContent, app: MailApp, translate: Translator): View {
  const ownApp = { name: asLine(app.name), supportUrl: app.supportUrl }
  const view = VIEWS[declaredMail(template).layout](template, values, ownApp, translate)
  const dir = translate.t('dir')
  const sides = dir === 'rtl' ? { start: 'right', end: 'left' } : { start: 'left', end: 'right' }
  const brand = { app: { ...ownApp, logo: app.logo && `cid:${LOGO}` }, accent: accentsOf(app.accent) }
  return { lang: translate.lang, dir, ...sides, ...brand, ...view }
}
