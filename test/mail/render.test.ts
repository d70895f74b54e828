import { expect, test } from 'vitest'
import { previewMail } from '../../src/mail/preview.ts'
import { renderMail } from '../../src/mail/render.ts'
import { builtInTexts } from '../../src/platform/texts/texts.ts'
import { APP, SIGNIN } from '../support/mail-samples.ts'

const HOSTILE =
  'x\r\nBcc: eve@evil.example\r\n\r\n<img src=https://evil.example/a.png>{{code}}{{{link}}}</mj-text><mj-include path="/etc/passwd"/>"\' \u202eevil'

test('the code comes first in the subject, in the language of the user', async () => {
  const english = await renderMail(SIGNIN, APP)
  const german = await renderMail({ ...SIGNIN, lang: 'de-AT' }, APP)
  const other = await renderMail({ ...SIGNIN, lang: 'sv' }, APP)

  expect(english.subject).toBe('482913 is your Example sign-in code')
  expect(german.subject).toBe('482913 ist Ihr Anmeldecode für Example')
  expect(other.subject).toBe(english.subject)
})

test('the text part has code and link on separate lines, who asked, when it expires, and what to do otherwise', async () => {
  const { text } = await renderMail(SIGNIN, APP)

  expect(text).toMatchInlineSnapshot(`
    "Sign in to Example

    Type this code where you started to sign in.

        482913

    Or open this link in the browser where you started:

    https://auth.example.com/signin/link?token=att_1.secret&x=1

    It can be used once, within 10 minutes.

    Requested by:
        Address: a…@example.com
        Browser: Firefox on Linux
        IP address: 2001:db8::1

    Not you? Ignore this mail. Nobody can sign in without it. Do not share the code. Example never asks for it by phone or chat.

    -- 
    Example sent this mail because someone entered this address.
    Help: https://example.com/help
    "
  `)
})

test('without a link the mail has a code but no button', async () => {
  const { link: _, ...values } = SIGNIN.values

  const { html, text } = await renderMail(
    { ...SIGNIN, values: { ...values, code: '7K2M-9QXC-01ZT' } },
    { name: 'Example' },
  )

  expect(html).toContain('7K2M-9QXC-01ZT')
  expect(`${html}${text}`).not.toMatch(/<a\b|https?:\/\/(?!www\.w3\.org)/)
})

test('the HTML part loads nothing and is small', async () => {
  const { html } = await renderMail(SIGNIN, APP)

  expect(html.length).toBeLessThan(20_000)
  expect(html).not.toMatch(/<img|<link|@import|url\(|<script|src=/i)
  expect(html).toContain('prefers-color-scheme: dark')
  expect(html.match(/<a\b/g)).toHaveLength(2)
})

test("buttons of a mail have the brand's colour, and the mail contains its logo", async () => {
  const logo = Buffer.from('a PNG image')
  const branded = await renderMail(SIGNIN, { ...APP, accent: '#ffd400', logo })
  const plain = await renderMail(SIGNIN, APP)

  const { raw } = await previewMail(
    { template: 'signin', lang: 'en' },
    { from: 'a@example.com', app: () => ({ ...APP, logo }), texts: { current: builtInTexts } },
  )

  expect(branded.html).toContain('background:#ffd400;color:#000000')
  expect(branded.html).not.toMatch(/#17614f|#8fd6be/)
  expect(branded.html).toContain('<img src="cid:logo" alt="" height="32"')
  expect(plain.html).not.toContain('<img')
  expect(raw).toMatch(/multipart\/related/)
  expect(raw).toMatch(/Content-ID: <logo>/)
  expect(raw).toContain(logo.toString('base64'))
})

test('the preview text repeats the code', async () => {
  const { html } = await renderMail(SIGNIN, APP)

  expect(html.replace(/<head>.*<\/head>|<[^>]+>/gs, '').trim()).toMatch(/^482913 is valid for 10 minutes\./)
})

test('hostile values are escaped', async () => {
  const values = {
    ...SIGNIN.values,
    requested_by: HOSTILE,
    requested_ip: HOSTILE,
    email_masked: HOSTILE,
    code: HOSTILE,
  }

  const { subject, html, text } = await renderMail({ ...SIGNIN, values }, { name: HOSTILE })

  expect(html).not.toMatch(/<img|<mj-|root:|"' /)
  expect(`${html}${text}`).toContain('{{code}}{{{link}}}')
  expect(text).not.toMatch(/^Bcc:/m)
  expect(`${subject}${html}${text}`).not.toMatch(/\r|\u202e/)
  expect(subject).not.toContain('\n')
})

test('an invalid link is rejected', async () => {
  const values = { ...SIGNIN.values, link: 'javascript:alert(1)' }

  await expect(renderMail({ ...SIGNIN, values }, APP)).rejects.toThrow("can't link to javascript:")
})

test('the test mail explains its purpose', async () => {
  const { subject, text } = await renderMail({ template: 'test', lang: 'en', values: {} }, APP)

  expect(subject).toBe('Test mail from Example')
  expect(text).toContain('It works.')
})

test('a mail in a language that is written from right to left is mirrored', async () => {
  const { locales, mail } = builtInTexts()
  const mirrored = { mail, locales: { en: { ...locales['en'], dir: 'rtl' } } }

  const { html } = await renderMail({ ...SIGNIN, lang: 'en' }, APP, mirrored)
  const { html: english } = await renderMail({ ...SIGNIN, lang: 'en' }, APP)

  expect(html).toContain('<html lang="en" dir="rtl"')
  expect(html).not.toMatch(/(?:direction: ?ltr|align(?:=":?|: ?)left|padding-right: 16px)/)
  expect(english).not.toMatch(/(?:direction: ?rtl|align(?:=":?|: ?)right|padding-left: 16px)/)
})
