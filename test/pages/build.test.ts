import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { DEFAULT_ACCENTS } from '../../src/platform/accent.ts'
import { type Templates, templates } from '../../src/platform/texts/templates.ts'
import { sentenceHelper, translatorFor } from '../../src/platform/texts/translate.ts'
import { templatesModule } from '../../tools/templates.ts'
import { SIGNIN } from '../support/mail-samples.ts'

const FOLDER = new URL('../../node_modules/.cache/authd/', import.meta.url)

test('the templates in the single file render the same without a compiler', async () => {
  const code = await templatesModule()
  const built = await load(code)

  expect(code).not.toMatch(/from 'mjml|new Function|node:fs/)
  expect(Object.keys(built.pages)).toEqual(Object.keys(templates().pages))
  expect(built.style).toEqual(templates().style)
  expect(built.assets).toEqual(templates().assets)
  expect(built.locales).toEqual(templates().locales)
  expect(await renderBoth(built)).toEqual(await renderBoth(templates()))
})

async function load(code: string): Promise<Templates> {
  const file = new URL(`built-templates-${process.pid}.mjs`, FOLDER)
  await mkdir(FOLDER, { recursive: true })
  await writeFile(file, code)
  onTestFinished(() => rm(file))
  const module = (await import(/* @vite-ignore */ fileURLToPath(file))) as { templates: () => Templates }
  return module.templates()
}

async function renderBoth({ mail }: Templates): Promise<string[]> {
  const facts = [{ label: 'When', fact: '<b>' }]
  const view = {
    ...{
      lang: 'en',
      dir: 'ltr',
      start: 'left',
      end: 'right',
      subject: 's',
      preheader: 'p',
      footer: 'f',
      app: { name: '<b>', supportUrl: undefined, logo: undefined },
      accent: DEFAULT_ACCENTS,
    },
    ...{ code: '1', isLong: false, minutes: 10, link: SIGNIN.values['link'], email: 'a', browser: 'b', ip: 'c' },
    ...{ heading: 'h', body: 'b', notYou: 'n', ends: 'e', facts, left: '', button: 'b', note: 'n' },
  }
  const options = { helpers: { t: sentenceHelper(translatorFor('en')) } }
  const mails = await Promise.all(['signin', 'test', 'code', 'notice'].map(mail))
  return mails.flatMap(({ html, text }) => [html(view, options), text(view, options)])
}
