import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ERRORS } from '../../src/errors.ts'
import { languages } from '../../src/platform/texts/languages.ts'
import { type Sentences, templates } from '../../src/platform/texts/templates.ts'
import { FACES, PAGES } from './samples.ts'

const LANGUAGES = languages()
const TRANSLATIONS = LANGUAGES.filter((lang) => lang !== 'en')
const ENGLISH = sentencesOf('en')
/** English leaves these out, because src/errors.ts has them. */
const ERROR_TEXTS = Object.entries(ERRORS)
  .filter(([, { status }]) => status !== 500)
  .map(([code]) => `error.${code}.text`)

/** Texts that another language may share with English. Each is a word that it uses too, or has no word at all. */
const SHARED = [
  '{heading} · {app}',
  '{date}, {time}\u00a0UTC',
  'Error: {title}',
  'Account',
  'Browser',
  'Code',
  'Endpoint',
  'Name',
  'Passkey',
  'Passkeys',
]

const TEMPLATES = join(import.meta.dirname, '../../templates')

const COUNTS = [...Array(1000).keys(), 1_000_000]

test.for(TRANSLATIONS)('%s has every sentence of English, a text for every error, and nothing else', (lang) => {
  const expected = new Set([...Object.keys(ENGLISH), ...ERROR_TEXTS])

  expect(Object.keys(sentencesOf(lang)).sort()).toEqual([...expected].sort())
})

test.for(TRANSLATIONS)('each sentence of %s has the values of the English one', (lang) => {
  const sentences = sentencesOf(lang)

  const different = Object.keys(ENGLISH).filter((key) => namesIn(sentences[key]) !== namesIn(ENGLISH[key]))

  expect(different).toEqual([])
})

test.for(LANGUAGES)('a sentence about a number has exactly the plural forms of %s', (lang) => {
  const forms = new Intl.PluralRules(lang).resolvedOptions().pluralCategories
  const plurals = Object.entries(sentencesOf(lang)).filter(([key]) => typeof ENGLISH[key] === 'object')

  const wrong = plurals.filter(([, entry]) => Object.keys(entry).sort().join() !== [...forms].sort().join())

  expect(plurals.length).toBeGreaterThan(3)
  expect(wrong).toEqual([])
})

test.for(LANGUAGES)('a plural form of %s shows its number, unless it stands for one number only', (lang) => {
  const rules = new Intl.PluralRules(lang)
  const isOne = (form: string) => COUNTS.filter((count) => rules.select(count) === form).length === 1
  const plurals = Object.entries(sentencesOf(lang)).filter(([key]) => typeof ENGLISH[key] === 'object')

  const silent = plurals.flatMap(([key, entry]) =>
    Object.entries(entry)
      .filter(([form, sentence]) => !sentence.includes('{count}') && !(isOne(form) && form !== 'many'))
      .map(([form]) => `${key}, ${form}`),
  )

  expect(silent).toEqual([])
})

test.for(TRANSLATIONS)('no sentence of %s is still English', (lang) => {
  const sentences = sentencesOf(lang)

  const same = Object.keys(ENGLISH).filter(
    (key) => key !== 'dir' && textsOf(sentences[key]).some((text) => textsOf(ENGLISH[key]).includes(text)),
  )

  expect(same.filter((key) => !SHARED.includes(textsOf(ENGLISH[key]).join()))).toEqual([])
})

test.for(TRANSLATIONS)('%s has no markup, and quotes and dots as in print', (lang) => {
  const texts = Object.entries(sentencesOf(lang)).flatMap(([key, entry]) => textsOf(entry).map((text) => [key, text]))

  const odd = texts.filter(([, text = '']) => /\.\.|['"`<>]|&#?\w+;|\{\{|\}\}|^\s|\s$|\s\s/.test(text))

  expect(odd).toEqual([])
})

test.for(LANGUAGES)('%s has its writing direction, its own name, and dates of the same language', (lang) => {
  const { dir, name, dates } = sentencesOf(lang)
  const ownName = new Intl.DisplayNames([lang], { type: 'language' }).of(lang)

  expect(dir).toBe(['ar', 'fa', 'he', 'ur'].includes(new Intl.Locale(lang).language) ? 'rtl' : 'ltr')
  expect(String(name).toLowerCase()).toBe(ownName?.toLowerCase())
  expect(new Intl.Locale(String(dates)).language).toBe(new Intl.Locale(lang).language)
})

test.for(globSync(['pages/*.hbs', 'mail/*.{mjml,txt}'], { cwd: TEMPLATES }))('%s has no words of its own', (file) => {
  const filled = readFileSync(join(TEMPLATES, file), 'utf8')
    .replace(/<!--.*?-->|<mj-style>.*?<\/mj-style>/gs, ' ')
    .replace(/\{\{+[^}]*\}+/g, ' ')
  const read = [...filled.matchAll(/\s(?:alt|title|placeholder|aria-label)="([^"]*)"/g)].map(([, text]) => text)
  const shown = filled.replace(/<[^>]*>/g, ' ')

  expect(
    [...read, shown]
      .join(' ')
      .match(/\p{L}+/gu)
      ?.filter((word) => word !== 'HTTP') ?? [],
  ).toEqual([])
})

test.for(LANGUAGES)('every page renders in %s', (lang) => {
  const pages = FACES.map((face) => PAGES[face]({ lang }))

  expect(pages.filter((html) => !html.includes(`<html lang="${lang}" dir="${sentencesOf(lang)['dir']}">`))).toEqual([])
  expect(pages.filter((html) => /\{\w*\}|undefined|NaN|\[object/.test(html))).toEqual([])
})

function sentencesOf(lang: string): Sentences {
  return templates().locales[lang] ?? {}
}

function textsOf(entry: Sentences[string] | undefined): string[] {
  return typeof entry === 'object' ? Object.values(entry) : [entry ?? '']
}

function namesIn(entry: Sentences[string] | undefined): string {
  const names = [
    ...textsOf(entry)
      .join()
      .matchAll(/\{(\w+)\}/g),
  ].map(([, name = '']) => name)
  return [...new Set(names)].sort().join()
}
