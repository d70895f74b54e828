import { closest } from '../../platform/closest.ts'
import type { Sentences } from '../../platform/texts/templates.ts'
import type { OverrideFile, TextProblem } from './files.ts'

type Sentence = Sentences[string]

/** Overrides single sentences of a language. Each is compared with the sentence that it replaces. */
export function mergeSentences(file: OverrideFile, own: Sentences): { sentences: Sentences; problems: TextProblem[] } {
  const { path, text } = file
  const parsed = parse(file)
  if ('message' in parsed) return { sentences: own, problems: [parsed] }
  const lang = file.name.replace(/\.json$/, '')
  const problems = Object.entries(parsed.value).flatMap(([key, sentence]) => {
    const fault = faultOf(key, sentence, own, lang)
    return fault ? [{ path, line: lineOf(text, JSON.stringify(key)), ...fault }] : []
  })
  return { sentences: { ...own, ...(parsed.value as Sentences) }, problems }
}

function parse({ path, text }: OverrideFile): { value: object } | TextProblem {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value }
    return { path, line: 1, message: 'is not a JSON object', suggestion: 'Write {"mail.signin.button": "Sign in"}' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, position] = /at position (\d+)/.exec(message) ?? []
    const line = position === undefined ? undefined : text.slice(0, Number(position)).split('\n').length
    return { path, line, message: `is not JSON: ${message.replace(/ in JSON at position.*$| at position.*$/s, '')}` }
  }
}

function faultOf(
  key: string,
  sentence: unknown,
  own: Sentences,
  lang: string,
): Pick<TextProblem, 'message' | 'suggestion'> | undefined {
  const original = Object.hasOwn(own, key) ? own[key] : undefined
  if (original === undefined) {
    const near = closest(key, Object.keys(own))
    return { message: `unknown text "${key}"`, suggestion: near && `Did you mean "${near}"?` }
  }
  if (!isSentence(sentence) || typeof sentence !== typeof original) {
    const shape = JSON.stringify(original)
    return { message: `"${key}" is not valid`, suggestion: `Write it like ${shape}` }
  }
  return (
    faultOfForms(key, sentence, original, lang) ?? faultOfNames(key, sentence, original) ?? faultOfTag(key, sentence)
  )
}

function isSentence(value: unknown): value is Sentence {
  if (typeof value === 'string') return value.trim() !== '' && !/\p{Cc}/u.test(value)
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isSentence)
}

/**
 * A sentence with a number needs every plural form of the language. A form that stands for several numbers must show which
 * one it is.
 */
function faultOfForms(key: string, sentence: Sentence, original: Sentence, lang: string) {
  if (typeof sentence !== 'object' || typeof original !== 'object') return undefined
  const rules = new Intl.PluralRules(lang)
  const forms: string[] = rules.resolvedOptions().pluralCategories
  const missing = forms.find((form) => !Object.hasOwn(sentence, form))
  const unknown = Object.keys(sentence).find((form) => !forms.includes(form))
  if (missing)
    return { message: `"${key}" lacks the plural form "${missing}"`, suggestion: `Write ${forms.join(', ')}` }
  if (unknown) {
    return {
      message: `"${key}" has the plural form "${unknown}", which ${lang} does not use`,
      suggestion: `Write ${forms.join(', ')}`,
    }
  }
  const silent = Object.entries(sentence).find(([form, text]) => !text.includes('{count}') && !isForOne(rules, form))
  return (
    silent && {
      message: `the plural form "${silent[0]}" of "${key}" does not show its number`,
      suggestion: 'Write {count} in it',
    }
  )
}

/** One of the usual numbers. A form for none of them, such as `many` in French, is for millions. */
function isForOne(rules: Intl.PluralRules, form: string): boolean {
  return Array.from({ length: 101 }, (_, number) => rules.select(number)).filter((one) => one === form).length === 1
}

/** A sentence may omit a value, but cannot use an unknown one. */
function faultOfNames(key: string, sentence: Sentence, original: Sentence) {
  const known = namesIn(original)
  const stranger = namesIn(sentence).find((name) => !known.includes(name))
  if (stranger === undefined) return undefined
  const all = known.map((name) => `{${name}}`).join(', ')
  return { message: `"${key}" has no value {${stranger}}`, suggestion: all ? `It has ${all}` : 'It has none' }
}

function faultOfTag(key: string, sentence: Sentence) {
  if (key === 'dir' && sentence !== 'ltr' && sentence !== 'rtl') {
    return { message: '"dir" is not a writing direction', suggestion: 'Write "ltr" or "rtl"' }
  }
  if (key !== 'dates') return undefined
  try {
    new Intl.DateTimeFormat(String(sentence))
    return undefined
  } catch {
    return { message: '"dates" is not a language tag', suggestion: 'Write one such as "en-GB"' }
  }
}

function namesIn(sentence: Sentence): string[] {
  return [...JSON.stringify(sentence).matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
}

/** The line, from 1, where a text occurs first. */
export function lineOf(text: string, part: string): number | undefined {
  const index = text.indexOf(part)
  return index < 0 ? undefined : text.slice(0, index).split('\n').length
}
