import { expect, test } from 'vitest'
import { type RenderedMail, renderMail } from '../../src/mail/render.ts'
import { declaredMail, MAILS, mailTemplates } from '../../src/mails.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { translatorFor } from '../../src/platform/texts/translate.ts'
import { APP } from '../support/mail-samples.ts'

const HOSTILE = 'x\r\nBcc: eve@evil.example\r\n\r\n<b>{{code}}{{{link}}}</b></td></mj-text>"\' \u202eevil'

const IN_EACH_LANGUAGE = languages().flatMap((lang) =>
  mailTemplates.map((template) => ({ template, lang, values: declaredMail(template).values })),
)

test.for(IN_EACH_LANGUAGE)(
  '$template in $lang shows all its values, in both parts',
  async ({ template, lang, values }) => {
    const { subject, html, text } = await renderMail({ template, lang, values }, APP)

    const { device } = translatorFor(lang)
    const { occurred_at: _, ...others } = values
    const asTheyAre = Object.fromEntries(
      Object.entries(others).map(([name, value]) => [name, value.split(', ').map(device).join(', ')]),
    )
    const date =
      { en: '25 November 2026, 10:15\u00a0UTC', de: '25. November 2026, 10:15\u00a0Uhr\u00a0(UTC)' }[lang] ?? '10:15'
    const expected = [...Object.values(asTheyAre), ...(values['occurred_at'] ? [date] : []), APP.name, APP.supportUrl]
    const shown = htmlText(html)
    expect(expected.filter((value) => !text.includes(value ?? ''))).toEqual([])
    expect(expected.filter((value) => !shown.includes(value ?? ''))).toEqual([])
    expect(subject).toMatch(/^[^\r\n]{10,80}$/)
  },
)

test.for(IN_EACH_LANGUAGE)(
  '$template in $lang has no missing value or placeholder, and loads nothing',
  async (mail) => {
    const { subject, html, text } = await renderMail(mail, APP)

    expect(`${subject}${html}${text}`).not.toMatch(/\{\{|\}\}|undefined|NaN|\bnull\b|Invalid|\[object/)
    expect(text).not.toMatch(/\n{3,}|[<>]|&#?\w+;/)
    expect(html).not.toMatch(/<img|<link|@import|url\(|<script|src=/i)
    expect(html.length).toBeLessThan(20_000)
  },
)

test.for(IN_EACH_LANGUAGE)('$template in $lang escapes hostile values', async ({ lang, template, values }) => {
  const { subject, html, text } = await renderMail({ template, lang, values: hostile(values) }, { name: HOSTILE })

  expect(html).not.toMatch(/<b>|<\/mj-|"' /)
  expect(html).toContain('&lt;b&gt;')
  expect(text).toContain('<b>{{code}}{{{link}}}</b>')
  expect(text).not.toMatch(/^Bcc:/m)
  expect(`${subject}${html}${text}`).not.toMatch(/\r|\u202e/)
  expect(subject).not.toContain('\n')
})

test.for(IN_EACH_LANGUAGE)('$template in $lang renders without optional values', async (mail) => {
  const { code, expires_minutes, link } = mail.values
  const kept = { code, expires_minutes, link: declaredMail(mail.template).needsLink ? link : undefined }
  const values = Object.fromEntries(Object.entries(kept).flatMap(([name, value]) => (value ? [[name, value]] : [])))

  const { html, text } = await renderMail({ ...mail, values }, { name: 'Example' })

  expect(`${html}${text}`).not.toMatch(/undefined|NaN|Invalid|<table[^>]*>\s*<\/table>/)
  expect(text).not.toMatch(/\n{3,}/)
  expect(links({ html, text }).length).toBe(declaredMail(mail.template).needsLink ? 2 : 0)
})

test.for(['email_changed', 'invitation'] as const)('%s cannot be rendered without its link', async (template) => {
  const { link: _, ...values } = declaredMail(template).values

  await expect(renderMail({ template, lang: 'en', values }, APP)).rejects.toThrow(`the mail ${template} needs link`)
})

test('a code mail cannot be rendered without its code', async () => {
  const values = { ...MAILS.stepup.values, code: '' }

  await expect(renderMail({ template: 'stepup', lang: 'en', values }, APP)).rejects.toThrow('stepup needs code')
})

test('an invalid link is rejected in a notice', async () => {
  const values = { ...MAILS.invitation.values, link: 'javascript:alert(1)' }

  await expect(renderMail({ template: 'invitation', lang: 'en', values }, APP)).rejects.toThrow("can't link to")
})

/** All values except those with a fixed format: link, date and numbers. */
function hostile(values: Record<string, string>): Record<string, string> {
  const entries = Object.entries(values)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, /^(link|occurred_at|expires_\w+|codes_left)$/.test(name) ? value : HOSTILE]),
  )
}

/** The visible text and the targets of links. */
function htmlText(html: string): string {
  const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)
  return `${html.replace(/<head>.*<\/head>|<[^>]+>/gs, '')}${hrefs.join('\n')}`
    .replaceAll('&amp;', '&')
    .replaceAll('&#x3D;', '=')
}

function links({ html, text }: Pick<RenderedMail, 'html' | 'text'>): string[] {
  return [...(html.match(/<a\b/g) ?? []), ...(text.match(/https?:/g) ?? [])]
}
