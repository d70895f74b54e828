import type { Sentences } from './sentences.ts'
import { templates } from './templates.ts'

export type SentenceValues = Record<string, unknown>

export interface Translator {
  lang: string
  /** The sentence with its `{name}` filled in; `{count}` chooses the plural. Throws where key or value is missing. */
  t(key: string, values?: SentenceValues): string
  has(key: string): boolean
  /** `25 November 2026`, in UTC: a page does not know where it is read. */
  date(epochMs: number): string
  /** `in 40 seconds`, `5 minutes ago`: the largest unit that is whole enough to be plain. */
  relative(milliseconds: number): string
}

/** What there are sentences in; the first is the last resort. */
export function languages(): string[] {
  return ['en', ...Object.keys(templates().locales).filter((lang) => lang !== 'en')]
}

/** @param wanted a tag, or a list of them as chooseLanguage takes it */
export function translatorFor(wanted: string | undefined, locales = templates().locales): Translator {
  const lang = chooseLanguage(wanted, languages())
  return translator(lang, locales[lang] ?? {})
}

function translator(lang: string, sentences: Sentences): Translator {
  const plurals = new Intl.PluralRules(lang)
  const numbers = new Intl.NumberFormat(lang)
  const dates = new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeZone: 'UTC' })
  const relativeTimes = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' })
  const show = (value: unknown) => (typeof value === 'number' ? numbers.format(value) : String(value))
  return {
    lang,
    has: (key) => Object.hasOwn(sentences, key),
    t(key, values = {}) {
      const entry = Object.hasOwn(sentences, key) ? sentences[key] : undefined
      const sentence = typeof entry === 'object' ? entry[plurals.select(Number(values['count']))] : entry
      if (sentence === undefined) throw new Error(`no sentence for ${key} in ${lang}`)
      return sentence.replace(/\{(\w+)\}/g, (_, name: string) => {
        if (values[name] === undefined) throw new Error(`no value for {${name}} of ${key}`)
        return show(values[name])
      })
    },
    date: (epochMs) => dates.format(epochMs),
    relative(milliseconds) {
      const seconds = Math.round(milliseconds / 1000)
      const minutes = Math.round(seconds / 60)
      if (Math.abs(seconds) < 90) return relativeTimes.format(seconds, 'second')
      if (Math.abs(minutes) < 90) return relativeTimes.format(minutes, 'minute')
      const hours = Math.round(minutes / 60)
      if (Math.abs(hours) < 36) return relativeTimes.format(hours, 'hour')
      const days = Math.round(hours / 24)
      return Math.abs(days) < 60
        ? relativeTimes.format(days, 'day')
        : relativeTimes.format(Math.round(days / 30), 'month')
    },
  }
}

/** `{{t "key" name=value}}`, for templates. */
export function sentenceHelper({ t }: Translator) {
  return (key: unknown, call: unknown) => t(String(key), (call as { hash: SentenceValues }).hash)
}

/**
 * The language to answer in: a tag, a list (`ui_locales`) or an `Accept-Language` header against what there is
 * (RFC 4647 §3.4, lookup). The first of `known` is the last resort.
 */
export function chooseLanguage(wanted: string | undefined, known: readonly string[]): string {
  const ranges = (wanted ?? '')
    .slice(0, 200)
    .split(/[\s,]+(?=[a-z*])/i)
    .map((part) => {
      const [tag = '', quality = ''] = part.split(';')
      const weight = /q=\s*(\d(?:\.\d+)?)/.exec(quality)?.[1]
      return { tag: tag.trim().toLowerCase(), weight: weight === undefined ? 1 : Number(weight) }
    })
  const byWeight = ranges.filter(({ weight }) => weight > 0).sort((left, right) => right.weight - left.weight)
  for (const { tag } of byWeight) {
    const match = known.find((lang) => tag === lang || tag.startsWith(`${lang}-`))
    if (match) return match
  }
  return known[0] ?? 'en'
}
