import { readdirSync, rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkOverrides } from '../../src/mail/overrides/check.ts'
import { readOverrides } from '../../src/mail/overrides/files.ts'
import { loadTexts } from '../../src/mail/overrides/load.ts'
import { renderMail } from '../../src/mail/render.ts'
import { declaredMail, MAILS, type MailTemplate } from '../../src/mails.ts'
import { APP } from '../support/mail-samples.ts'
import { type OwnTexts, ownTexts } from './override-samples.ts'

const load = ({ templates, locales }: OwnTexts, optional: string[] = []) =>
  loadTexts({ templatesDir: templates, localesDir: locales, optional, ownOrigins: ['https://example.com'] })

/** Compiles in this process instead of a separate one, so mjml is loaded once. */
const check = ({ templates, locales }: OwnTexts) => {
  const read = (folder: string) => readOverrides(folder, { known: readdirSync(folder), mayBeMissing: false }).files
  return checkOverrides({
    templates: read(templates),
    sentences: read(locales),
    ownOrigins: ['https://example.com'],
  })
}

const mail = (template: MailTemplate, lang = 'en') => ({
  template,
  lang,
  values: declaredMail(template).values,
})

describe('valid overrides', () => {
  test('a template of the operator is used, and the other templates stay built-in', async () => {
    const own = ownTexts()
    own.change('signin.mjml', '<mj-text css-class="text">', '<mj-text css-class="text">Good day.<br />')

    const { texts, problems, warnings } = await load(own)

    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect((await renderMail(mail('signin'), APP, texts)).html).toContain('Good day.')
    expect((await renderMail(mail('signin'), APP, texts)).text).toBe((await renderMail(mail('signin'), APP)).text)
    expect(await renderMail(mail('stepup'), APP, texts)).toEqual(await renderMail(mail('stepup'), APP))
  })

  test('the layout is around every mail', async () => {
    const own = ownTexts()
    own.change('layout.mjml', 'background-color="#17614f"', 'background-color="#7a1fa2"')

    const { texts, problems } = await load(own)

    const html = await Promise.all(
      (['signin', 'new_device', 'invitation'] as const).map((name) => renderMail(mail(name), APP, texts)),
    )
    expect(problems).toEqual([])
    expect(html.map((one) => one.html.includes('#7a1fa2') && !one.html.includes('#17614f'))).toEqual([true, true, true])
  })

  test('a template for one mail does not change other mails of its layout', async () => {
    const own = ownTexts()
    own.change('notice.txt', '{{heading}}', 'Welcome: {{heading}}', 'invitation.txt')

    const { texts } = await load(own)

    expect((await renderMail(mail('invitation'), APP, texts)).text).toMatch(/^Welcome: You are invited/)
    expect((await renderMail(mail('new_device'), APP, texts)).text).toMatch(/^New sign-in/)
  })

  test("a mail's own templates win over those of its layout", async () => {
    const own = ownTexts()
    own.change('notice.txt', '{{heading}}', 'All: {{heading}}')
    own.change('notice.txt', '{{heading}}', 'One: {{heading}}', 'invitation.txt')

    const { texts } = await load(own)

    expect((await renderMail(mail('invitation'), APP, texts)).text).toMatch(/^One: /)
    expect((await renderMail(mail('new_device'), APP, texts)).text).toMatch(/^All: /)
  })

  test('single sentences override the built-in ones in their language only', async () => {
    const own = ownTexts()
    own.write('de.json', '{"mail.signin.subject": "Ihr Code für {app}"}')

    const { texts, problems } = await load(own)

    expect(problems).toEqual([])
    expect((await renderMail(mail('signin', 'de'), APP, texts)).subject).toBe('Ihr Code für Example')
    expect((await renderMail(mail('signin', 'en'), APP, texts)).subject).toBe('482913 is your Example sign-in code')
    expect(texts.locales['de']?.['mail.signin.button']).toBe('Bei {app} anmelden')
  })

  test('values are escaped in a template of the operator', async () => {
    const own = ownTexts()
    own.change('notice.mjml', '<mj-text css-class="text">', '<mj-text css-class="text">{{body}} ')
    const { texts } = await load(own)

    const values = { ...MAILS.passkey_added.values, name: '<b>{{code}}</b>' }
    const { html } = await renderMail({ ...mail('passkey_added'), values }, APP, texts)

    expect(html).toContain('&lt;b&gt;{{code}}&lt;/b&gt;')
  })

  test('nothing is compiled without override files', async () => {
    const own = ownTexts()
    rmSync(own.locales, { recursive: true })

    const { texts, files, problems } = await load(own, [own.locales])

    expect({ files, problems }).toEqual({ files: [], problems: [] })
    expect(await renderMail(mail('signin'), APP, texts)).toEqual(await renderMail(mail('signin'), APP))
  })

  test('a large mail causes one warning, in however many languages it is large', async () => {
    const own = ownTexts()
    own.change('test.mjml', '</h1>', `</h1>${'Long. '.repeat(3000)}`)

    const { problems, warnings } = await load(own)

    expect(problems).toEqual([])
    expect(warnings).toMatchObject([{ message: 'the mail test has more than 20 kB of HTML' }])
  })
})

/** File, text to replace, replacement, then the expected line and message. */
const BAD_TEMPLATES: [file: string, part: string | RegExp, by: string, line: number | undefined, says: string][] = [
  ['signin.mjml', '{{code}}', '{{codee}}', 8, 'this mail has no {{codee}}. Did you mean {{code}}?'],
  ['signin.mjml', '{{#if isLong}}', '{{#if secret}}', 8, 'this mail has no {{secret}}'],
  ['signin.txt', '{{link}}', '{{{link}}}', 10, '{{{link}}} would be inserted as markup. Write {{link}}'],
  ['signin.txt', '{{link}}', '{{&link}}', 10, '{{{link}}} would be inserted as markup. Write {{link}}'],
  ['signin.mjml', '{{link}}', '{{constructor}}', 11, 'this mail has no {{constructor}}'],
  ['signin.mjml', '{{code}}', '{{lookup app "name"}}', 8, '{{lookup …}} is unknown. The helpers are t, if'],
  ['signin.mjml', '{{code}}', '{{log code}}{{code}}', 8, '{{log …}} is unknown'],
  ['signin.mjml', '{{code}}', '{{> secrets}}{{code}}', 8, 'a mail cannot include other templates'],
  ['signin.mjml', '"mail.signin.asked"', '"mail.signin.askd"', 14, 'Did you mean "mail.signin.asked"?'],
  ['notice.mjml', 'css-class="text">{{body}}', 'css-class="text">{{minutes}}', 6, 'this mail has no {{minutes}}'],
  ['layout.mjml', '{{footer}}', '{{code}}', 50, 'this mail has no {{code}}'],
  ['signin.txt', '{{/if}}', '', 31, 'a placeholder cannot be read'],
  ['signin.mjml', '</mj-column>', '', 24, '<mj-column> of line 2 is not closed before </mj-section>'],
  ['signin.mjml', '</mj-section>', '', 1, '<mj-section> is not closed'],
  ['signin.mjml', '<mj-column>', '<mj-include path="/etc/passwd" /><mj-column>', 2, '<mj-include> is not supported'],
  ['signin.mjml', '<mj-text css', '<mj-txt /><mj-text css', 3, "<mj-txt>: Element mj-txt doesn't exist"],
  ['signin.mjml', 'font-size="22px"', 'font-size="huge"', 3, 'font-size has invalid value: huge'],
  ['layout.mjml', 'border-radius="14px"', 'radius="14px"', 44, '<mj-wrapper>: Attribute radius is illegal'],
  ['layout.mjml', '</mj-wrapper>', '</mj-wrapper><mj-foo />', 46, "<mj-foo>: Element mj-foo doesn't exist"],
  ['layout.mjml', '<!-- content -->', '', undefined, 'contains <!-- content --> 0 times'],
  ['signin.mjml', '{{code}}', '', undefined, 'the code of the mail is not shown. Write {{code}}'],
  ['signin.mjml', 'href="{{link}}"', 'href="{{app.supportUrl}}"', undefined, 'the link of the mail is not shown'],
  ['signin.txt', '{{code}}', '', undefined, 'the code of the mail is not shown'],
  ['signin.txt', '{{link}}', '', undefined, 'the link of the mail is not shown'],
  ['code.txt', '{{code}}', '', undefined, 'the code of the mail is not shown'],
  ['notice.mjml', '{{link}}', 'https://example.com/', undefined, 'the link of the mail is not shown'],
  ['test.txt', /[\s\S]+/, ' ', undefined, 'the text of the mail is empty'],
  [
    'test.mjml',
    '<mj-text',
    '<mj-image src="https://cdn.example/a.png" /><mj-text',
    3,
    'would load https://cdn.example',
  ],
  ['test.mjml', '</h1>', '</h1><img src="//cdn.example/a.png" />', 4, 'would load //cdn.example/a.png'],
  [
    'layout.mjml',
    ':root {',
    '@import "https://x.example/a.css"; :root {',
    undefined,
    '@import is not allowed in mails',
  ],
  [
    'layout.mjml',
    '.facts td {',
    '.facts td { background: url(https://x.example/a);',
    undefined,
    'would load https://x',
  ],
  ['layout.mjml', '<mj-raw>', '<mj-raw><script>1</script>', 5, '<script is not allowed in mails'],
  [
    'layout.mjml',
    '<mj-raw>',
    '<mj-raw><link rel="x" href="https://x.example/y" />',
    5,
    '<link is not allowed in mails',
  ],
  ['test.mjml', '</h1>', '</h1><a href="https://elsewhere.example/">x</a>', 4, 'a link leads to https://elsewhere'],
  [
    'test.mjml',
    '</h1>',
    "</h1><a href='https://example.com.evil.example/'>x</a>",
    4,
    'a link leads to https://example.com.evil',
  ],
  ['test.txt', '{{t "mail.test.heading"}}', 'See http://example.com/', 1, 'a link leads to http://example.com/'],
]

describe('invalid overrides are named and not used', () => {
  test.for(BAD_TEMPLATES)('%s: %s → %s', async ([file, part, by, line, says], { expect }) => {
    const own = ownTexts()
    const path = own.change(file, part, by)

    const { problems } = await check(own)

    const [first] = problems
    expect(`${first?.message}. ${first?.suggestion}`).toContain(says)
    expect({ path: first?.path, line: line === undefined ? undefined : first?.line }).toEqual({ path, line })
  })

  test('one bad file disables all overrides', async () => {
    const own = ownTexts()
    own.write('en.json', '{"mail.signin.subject": "{code}"}')
    const path = own.change('test.txt', '{{t "mail.test.heading"}}', '{{heading}}')

    const { texts, files, problems } = await load(own)

    expect(problems).toMatchObject([{ path, line: 1 }])
    expect(files).toHaveLength(2)
    expect(await renderMail(mail('signin'), APP, texts)).toEqual(await renderMail(mail('signin'), APP))
  })

  test.for([
    ['{"mail.signin.subjct": "x"}', 1, 'unknown text "mail.signin.subjct". Did you mean "mail.signin.subject"?'],
    ['{\n"mail.signin.subject": "{code} for {user}"}', 2, 'has no value {user}. It has {code}, {app}'],
    ['{"mail.signin.ends": "soon"}', 1, '"mail.signin.ends" is not valid. Write it like {"one"'],
    ['{"mail.signin.ends": {"one": "soon"}}', 1, '"mail.signin.ends" lacks the plural form "other". Write one, other'],
    [
      '{"mail.signin.ends": {"one": "a", "other": "b", "few": "c"}}',
      1,
      'has the plural form "few", which en does not use',
    ],
    [
      '{"mail.signin.ends": {"one": "Within a minute.", "other": "Soon."}}',
      1,
      'the plural form "other" of "mail.signin.ends" does not show its number. Write {count} in it',
    ],
    ['{"mail.signin.button": ""}', 1, '"mail.signin.button" is not valid'],
    ['{"mail.signin.button": "a\\r\\nBcc: eve@evil.example"}', 1, '"mail.signin.button" is not valid'],
    ['{"dates": "no tag"}', 1, '"dates" is not a language tag'],
    ['{"dir": "up"}', 1, 'Write "ltr" or "rtl"'],
    ['{\n"a": 1,\n}', 3, 'is not JSON'],
    ['["a"]', 1, 'is not a JSON object'],
  ] as const)('sentences %s', async ([text, line, says]) => {
    const own = ownTexts()
    const path = own.write('en.json', text)

    const { problems } = await check(own)

    const [first] = problems
    expect(`${first?.message}. ${first?.suggestion}`).toContain(says)
    expect(first).toMatchObject({ path, line })
  })

  test.for([
    ['sigin.mjml', 'authd has no sigin.mjml', 'Did you mean "signin.mjml"?'],
    ['welcome.txt', 'authd has no welcome.txt', 'The files are account_deleted, code'],
    ['xx.json', 'authd has no xx.json', 'The files are en, '],
  ] as const)('rejects a file %s that would never be read', async ([file, message, suggestion]) => {
    const own = ownTexts()
    const path = own.write(file, '')

    const { problems } = await load(own)

    expect(problems).toEqual([{ path, message, suggestion: expect.stringContaining(suggestion) }])
  })

  test('rejects a configured folder that does not exist', async () => {
    const own = ownTexts()
    rmSync(own.templates, { recursive: true })

    const { problems } = await load(own)

    expect(problems).toMatchObject([{ path: own.templates, message: 'does not exist' }])
  })
})
