import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { renderMail } from '../../src/mail/render.ts'
import { declaredMail, type MailTemplate, type MailValues, mailTemplates } from '../../src/mails.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { builtInTexts } from '../../src/platform/texts/texts.ts'
import { APP } from '../support/mail-samples.ts'

const FOLDER = join(import.meta.dirname, '../../templates/mail')

/** Each mail with all its values and, where a mail may do without its link, without it. */
const SAMPLES = mailTemplates.flatMap((template) => {
  const { values, needsLink } = declaredMail(template)
  const { link: _, ...withoutLink } = values
  return [values, ...(needsLink ? [] : [withoutLink])].map((given) => ({ template, values: given }))
})

test('every layout of a mail has its two files, and no file belongs to no mail', () => {
  const layouts = new Set(mailTemplates.map((template) => declaredMail(template).layout))

  const files = [...layouts].flatMap((layout) => [`${layout}.mjml`, `${layout}.txt`])
  expect(readdirSync(FOLDER).sort()).toEqual([...files, 'layout.mjml'].sort())
})

test.for(languages())('every sentence about mails in %s is used by a mail', async (lang) => {
  const locale = builtInTexts().locales[lang] ?? {}
  const used = new Set<string>()
  const recorded = new Proxy(locale, {
    get: (target, key) => used.add(String(key)) && Reflect.get(target, key),
  })
  const texts = { ...builtInTexts(), locales: { [lang]: recorded } }

  await Promise.all(SAMPLES.map((sample) => renderMail({ ...sample, lang }, APP, texts)))

  const sentences = Object.keys(locale).filter((key) => key.startsWith('mail.'))
  expect(sentences.filter((key) => !used.has(key))).toEqual([])
})

test('a mail with a missing or unknown value does not compile', () => {
  const link = 'https://auth.example.com/account'
  const mails: { [Template in MailTemplate]?: MailValues<Template> } = {
    // @ts-expect-error An invitation is useless without its link.
    invitation: { expires_days: '14' },
    // @ts-expect-error The number of the codes that are left is missing.
    recovery_code_used: { link },
    // @ts-expect-error A removed authenticator app has no name.
    totp_removed: { link, name: 'My phone' },
  }

  expect(Object.keys(mails)).toHaveLength(3)
})
