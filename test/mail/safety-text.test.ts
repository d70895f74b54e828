import { expect, test } from 'vitest'
import { renderMail } from '../../src/mail/render.ts'
import { declaredMail, MAILS } from '../../src/mails.ts'
import { builtInTexts } from '../../src/platform/texts/texts.ts'
import { APP } from '../support/mail-samples.ts'

test.for([
  ['recovery_code_used', 'codes_left', '0', '0 codes are left.'],
  ['recovery_code_used', 'codes_left', '1', 'One code is left.'],
  ['recovery_code_used', 'codes_left', '2', '2 codes are left.'],
  ['invitation', 'expires_days', '1', 'The link works for one day.'],
  ['invitation', 'expires_days', '14', 'The link works for 14 days.'],
  ['email_changed', 'expires_days', '7', 'The link works for 7 days.'],
  ['stepup', 'expires_minutes', '1', 'The code can be used once, within one minute.'],
] as const)('%s with %s %s says: %s', async ([template, name, count, sentence]) => {
  const values = { ...declaredMail(template).values, [name]: count }

  const { text } = await renderMail({ template, lang: 'en', values }, APP)

  expect(text).toContain(sentence)
})

test('the text of a code mail is complete', async () => {
  const { subject, text } = await renderMail({ template: 'stepup', lang: 'en', values: MAILS.stepup.values }, APP)

  expect(`${subject}\n\n${text}`.replaceAll('\u00a0', ' ')).toMatchInlineSnapshot(`
    "482913 is your Example confirmation code

    Confirm that it is you

    Someone who is signed in as you wants to change something important in your Example account. If it was you, type this code on that page.

        482913

    The code can be used once, within 10 minutes.

    Requested by:
        When: 25 November 2026, 10:15 UTC
        Browser: Firefox on Linux
        IP address: 2001:db8::1

    Not you? Then someone else is signed in as you. Do not share the code. Example never asks for it by phone or chat. Open your account page, remove what you do not know, and sign out everywhere. If you cannot sign in, ask Example for help.

    -- 
    Example sent this mail because it is about your account.
    Help: https://example.com/help
    "
  `)
})

test('the text of a notice is complete', async () => {
  const values = MAILS.email_changed.values

  const { subject, text } = await renderMail({ template: 'email_changed', lang: 'de', values }, APP)

  expect(`${subject}\n\n${text}`.replaceAll('\u00a0', ' ')).toMatchInlineSnapshot(`
    "Die Adresse Ihres Kontos bei Example wurde geändert

    Adresse geändert

    Ihr Konto bei Example hat eine neue Adresse. Mails gehen ab jetzt nur noch an die neue Adresse.

        Alte Adresse: ada@example.com
        Neue Adresse: e…@example.org
        Wann: 25. November 2026, 10:15 Uhr (UTC)
        Browser: Firefox unter Linux
        IP-Adresse: 2001:db8::1
        Ihr Konto: https://auth.example.com/account

    Mein Konto zurückholen:

    https://auth.example.com/account/restore?token=rst_1.secret&x=1

    Der Link gilt 7 Tage. Wir schicken dann noch einen Code an diese Adresse und fragen Sie danach.

    Wenn Sie das nicht waren, holen Sie Ihr Konto mit der Schaltfläche „Mein Konto zurückholen“ zurück. Öffnen Sie danach Ihre Kontoseite, entfernen Sie alles, was Sie nicht kennen, und melden Sie sich überall ab. Wenn der Link nicht mehr gilt, bitten Sie Example um Hilfe. Wenn Sie es waren, brauchen Sie nichts zu tun.

    -- 
    Example schickt diese Mail, weil es um Ihr Konto geht.
    Hilfe: https://example.com/help
    "
  `)
})

test('the mail about a new sign-in names its button, and has the address of the account page', async () => {
  const values = MAILS.new_device.values

  const { text, html } = await renderMail({ template: 'new_device', lang: 'en', values }, APP)

  expect(text).toContain('End that sign-in with the button “It was not me”.')
  expect(text).toContain('Your account: https://auth.example.com/account\n')
  expect(html).toContain('https://auth.example.com/account<')
})

test('no mail speaks of factors, or of a link that is a button', () => {
  const sentences = Object.entries(builtInTexts().locales['en'] ?? {}).filter(([key]) => key.startsWith('mail.'))

  const odd = sentences.filter(([, text]) => /\bfactors?\b|link above/i.test(JSON.stringify(text)))

  expect(sentences.length).toBeGreaterThan(100)
  expect(odd).toEqual([])
})
