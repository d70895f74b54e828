import type { Mail } from '../deps.ts'
import { declaredMail, type MailTemplate } from '../mails.ts'
import type { SentenceValues, Translator } from '../platform/texts/translate.ts'
import { asDate, asLine, asLink } from './format-value.ts'
import type { View, ViewOf } from './layout-values.ts'

/** A mail with a code that confirms an action. It has no link, because the user has the page open already. */
export const codeView: ViewOf = (template, values, app, translate) => {
  const code = asLine(needed(template, values, 'code'))
  const count = Number(needed(template, values, 'expires_minutes'))
  return {
    ...safetyView(template, values, translate, { app: app.name, code }),
    code: translate.apart(code),
    isLong: code.length > 8,
    ends: translate.t('mail.code.ends', { count }),
  }
}

/** A mail about something that happened. */
export const noticeView: ViewOf = (template, values, app, translate) => {
  const says = { app: app.name, endpoint: asLine(values['endpoint_id'] ?? '') }
  const link = declaredMail(template).needsLink ? needed(template, values, 'link') : values['link']
  return {
    ...safetyView(template, values, translate, says),
    left: counted(`mail.${template}.left`, values['codes_left'], translate),
    link: link ? asLink(link) : undefined,
    button: translate.t(ownOr('button', template, translate), says),
    // How long the link is valid, and what its page asks for.
    note: `${counted(`mail.${template}.ends`, values['expires_days'], translate)} ${ownNote(template, translate)}`.trim(),
  }
}

/** In the order in which they are shown. Values that the flow did not give are left out. */
const FACTS = [
  'name',
  'old_email',
  'new_email_masked',
  'signed_out',
  'occurred_at',
  'requested_by',
  'requested_ip',
  'endpoint',
  'endpoint_id',
  'said',
  'account',
]

function safetyView(
  template: MailTemplate,
  values: Mail['values'],
  translate: Translator,
  says: SentenceValues & { app: string },
): View {
  const { t } = translate
  return {
    subject: t(`mail.${template}.subject`, says),
    preheader: t(`mail.${template}.preheader`, says),
    heading: t(`mail.${template}.heading`, says),
    body: t(`mail.${template}.body`, says),
    notYou: t(ownOr('not_you', template, translate), says),
    facts: factsOf(values, translate),
    footer: t(declaredMail(template).footer ?? 'mail.footer_account', says),
  }
}

function factsOf(values: Mail['values'], translate: Translator): { label: string; fact: string }[] {
  return FACTS.flatMap((name) => {
    const value = values[name]
    if (!value) return []
    const fact = name === 'occurred_at' ? asDate(value, translate) : translate.apart(shownFact(name, value, translate))
    return { label: translate.t(`mail.fact.${name}`), fact }
  })
}

function shownFact(name: string, value: string, { device }: Translator): string {
  if (name === 'requested_by') return device(asLine(value))
  // `Firefox on Linux, 192.0.2.1; Safari on iOS`
  if (name === 'signed_out')
    return asLine(value)
      .split('; ')
      .map((one) => one.split(', ').map(device).join(', '))
      .join('; ')
  return asLine(value)
}

/** The mail's own sentence, or else the sentence that most mails share. */
function ownOr(name: 'button' | 'not_you', template: MailTemplate, { has }: Translator): string {
  return has(`mail.${template}.${name}`) ? `mail.${template}.${name}` : `mail.${name}`
}

function ownNote(template: MailTemplate, { has, t }: Translator): string {
  return has(`mail.${template}.note`) ? t(`mail.${template}.note`) : ''
}

function counted(key: string, count: string | undefined, { has, t }: Translator): string {
  return count && has(key) ? t(key, { count: Number(count) }) : ''
}

function needed(template: MailTemplate, values: Mail['values'], name: string): string {
  const value = values[name]
  if (!value) throw new Error(`the mail ${template} needs ${name}`)
  return value
}
