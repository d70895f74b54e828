import type { Mail, MailTemplate } from '../deps.ts'
import { templates } from '../platform/templates.ts'
import { sentenceHelper, translatorFor } from '../platform/translate.ts'
import { codeView, noticeView } from './safety-view.ts'
import { signinView, testView } from './signin-view.ts'
import { asLine } from './values.ts'
import type { MailApp, ViewOf } from './view.ts'

export type { MailApp } from './view.ts'

export interface RenderedMail {
  subject: string
  html: string
  text: string
}

/** Fills the mail's layout in its language. Values are shown as text: they add no markup, no line and no header. */
export async function renderMail(
  mail: Pick<Mail, 'template' | 'lang' | 'values'>,
  app: MailApp,
): Promise<RenderedMail> {
  const translate = translatorFor(mail.lang)
  const ownApp = { name: asLine(app.name), supportUrl: app.supportUrl }
  const layout = LAYOUTS[mail.template]
  const view = VIEWS[layout](mail.template, mail.values, ownApp, translate)
  const { html, text } = await templates().mail(layout)
  const shown = { lang: translate.lang, dir: translate.t('dir'), app: ownApp, ...view }
  const options = { helpers: { t: sentenceHelper(translate) } }
  return { subject: view.subject, html: html(shown, options), text: text(shown, options) }
}

/** The files of templates/mail/. */
type Layout = 'signin' | 'test' | 'code' | 'notice'

const VIEWS: Record<Layout, ViewOf> = { signin: signinView, test: testView, code: codeView, notice: noticeView }

/** The layout of each mail; its sentences are `mail.<template>.…` in templates/locales/. */
const LAYOUTS: Record<MailTemplate, Layout> = {
  signin: 'signin',
  test: 'test',
  stepup: 'code',
  email_change: 'code',
  email_restore: 'code',
  new_device: 'notice',
  passkey_added: 'notice',
  passkey_removed: 'notice',
  totp_enabled: 'notice',
  totp_removed: 'notice',
  recovery_codes_made: 'notice',
  recovery_code_used: 'notice',
  factor_braked: 'notice',
  session_theft: 'notice',
  sessions_revoked: 'notice',
  email_changed: 'notice',
  recovery_link_used: 'notice',
  invitation: 'notice',
  webhook_paused: 'notice',
}
