import { asLine, asLink } from './format-value.ts'
import type { ViewOf } from './layout-values.ts'

export const signinView: ViewOf = (_, values, app, { t, apart, device }) => {
  const code = asLine(values['code'])
  const minutes = Number(values['expires_minutes'])
  return {
    subject: t('mail.signin.subject', { code, app: app.name }),
    preheader: t('mail.signin.preheader', { code, count: minutes }),
    footer: t('mail.footer', { app: app.name }),
    code: apart(code),
    isLong: code.length > 8,
    minutes,
    link: values['link'] ? asLink(values['link']) : undefined,
    email: apart(asLine(values['email_masked'])),
    browser: apart(device(asLine(values['requested_by']))),
    ip: apart(asLine(values['requested_ip'])),
  }
}

export const testView: ViewOf = (_, _values, app, { t }) => ({
  subject: t('mail.test.subject', { app: app.name }),
  preheader: t('mail.test.preheader', { app: app.name }),
  footer: t('mail.footer', { app: app.name }),
})
