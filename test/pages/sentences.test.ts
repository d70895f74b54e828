import { expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { renderPage } from '../../src/http/pages/render.ts'
import { chooseLanguage, languages } from '../../src/platform/texts/languages.ts'
import { translatorFor } from '../../src/platform/texts/translate.ts'
import { CONTEXT } from './samples.ts'

const CALLER_CODES = Object.entries(ERRORS).filter(([, { status }]) => status !== 500)

test.for(languages())('%s has a title for every error of a page', (lang) => {
  const { has } = translatorFor(lang)

  const untitled = CALLER_CODES.filter(([code]) => !has(`error.${code}.title`)).map(([code]) => code)

  expect(untitled).toEqual([])
})

test.for(languages())('no error page in %s says the same sentence twice', (lang) => {
  const said = CALLER_CODES.map(([code, { message }]) => {
    const html = renderPage('problem', { code, message, status: 400 }, { ...CONTEXT, lang })
    const text = html.replace(/<head>.*<\/head>/s, '').replace(/<[^>]+>/g, '\n')
    return text
      .split(/[.。\n]/)
      .map((sentence) => sentence.trim())
      .filter((sentence) => sentence.includes(' '))
  })

  expect(said.flatMap((sentences) => sentences.filter((one, at) => sentences.indexOf(one) !== at))).toEqual([])
})

test('a device is named in the language of the reader', () => {
  const names = languages().map((lang) =>
    translatorFor(lang)
      .device('Firefox on Linux')
      .replace(/[\u2066-\u2069]/g, ''),
  )

  expect(new Set(names).size).toBe(names.length)
  expect(translatorFor('de').device('Firefox on Linux')).toBe('Firefox unter Linux')
  expect(translatorFor('de').device('Firefox')).toBe('Firefox')
})

test('a sentence without its value throws instead of leaving a gap', () => {
  const { t } = translatorFor('en')

  expect(() => t('signin.heading')).toThrow('no value for {app} of signin.heading')
  expect(() => t('signin.nonsense')).toThrow('no sentence for signin.nonsense in en')
  expect(() => t('constructor')).toThrow('no sentence for constructor in en')
})

test('numbers use the plural of their language', () => {
  const { t } = translatorFor('de')

  expect(t('mail.signin.ends', { count: 1 })).toBe('Gilt einmal und eine Minute lang.')
  expect(t('mail.signin.ends', { count: 10 })).toBe('Gilt einmal und 10 Minuten lang.')
})

test.for([
  ['de-DE,de;q=0.9,en;q=0.8', 'de'],
  ['fr, de;q=0.3, en;q=0.7', 'en'],
  ['fr de', 'de'],
  ['de;q=0, *', 'en'],
  ['DE', 'de'],
  ['den', 'en'],
  ['pt', 'pt-BR'],
  ['pt-PT', 'pt-BR'],
  ['PT-br', 'pt-BR'],
  ['pt_BR', 'pt-BR'],
  ['pt-BR-x-private', 'pt-BR'],
  ['pt-PT;q=0.8, de;q=0.9', 'de'],
  ['de-Latn-AT, pt-BR', 'de'],
  ['ptx, de', 'de'],
  ['', 'en'],
  [undefined, 'en'],
] as const)('asked for %s, the answer is in %s', ([wanted, lang]) => {
  const chosen = chooseLanguage([wanted], ['en', 'de', 'pt-BR'])

  expect(chosen).toBe(lang)
})

test.for([
  [['de', 'pt', 'en'], 'de'],
  [['fr', 'pt', 'de'], 'pt-BR'],
  [[undefined, 'fr', 'fr, de'], 'de'],
  [['fr', '', 'fr'], 'en'],
] as const)('of the wishes %j, the first that is known counts: %s', ([wishes, lang]) => {
  const chosen = chooseLanguage(wishes, ['en', 'de', 'pt-BR'])

  expect(chosen).toBe(lang)
})
