import { chooseLanguage, languages } from './languages.ts'
import { type Sentences, templates } from './templates.ts'

export type SentenceValues = Record<string, unknown>

export interface Translator {
  lang: string
  /**
   * Returns the sentence with each `{name}` filled in. `{count}` selects the plural. Throws if key or value is missing.
   */
  t(key: string, values?: SentenceValues): string
  has(key: string): boolean
  /**
   * Isolates a value from the text around it where that is written from right to left (UAX #9). Otherwise
   * `2001:db8::1` shows as `db8::1:2001`.
   */
  apart(value: string): string
  /** `Firefox on Linux`, as describeUserAgent() has it, in the language of the reader. */
  device(name: string): string
  /** `25 November 2026`, in UTC, because authd does not know the reader's time zone. */
  date(epochMs: number): string
  /** `10 minutes` */
  minutes(milliseconds: number): string
  /** `in 40 seconds`, `5 minutes ago`, in the largest suitable unit. */
  relative(milliseconds: number): string
}

/** @param wanted a language tag, or a list as for chooseLanguage */
export function translatorFor(wanted: string | undefined, locales = templates().locales): Translator {
  const lang = chooseLanguage([wanted], languages())
  const sentences = locales[lang] ?? {}
  const made = translators.get(sentences) ?? translator(lang, sentences)
  translators.set(sentences, made)
  return made
}

/**
 * Translators are cached, because making one is slower than making a mail. A reload brings other sentences, and so
 * other translators.
 */
const translators = new WeakMap<Sentences, Translator>()

function translator(lang: string, sentences: Sentences): Translator {
  const region = String(sentences['dates'] ?? lang)
  const plurals = new Intl.PluralRules(lang)
  const numbers = new Intl.NumberFormat(region)
  const dates = new Intl.DateTimeFormat(region, { dateStyle: 'long', timeZone: 'UTC' })
  const minutes = new Intl.NumberFormat(region, { style: 'unit', unit: 'minute', unitDisplay: 'long' })
  const relativeTimes = new Intl.RelativeTimeFormat(region, { numeric: 'auto' })
  const apart = (value: string) => (value && sentences['dir'] === 'rtl' ? `\u2068${value}\u2069` : value)
  const t = (key: string, values: SentenceValues = {}): string => {
    const entry = Object.hasOwn(sentences, key) ? sentences[key] : undefined
    const sentence = typeof entry === 'object' ? entry[plurals.select(Number(values['count']))] : entry
    if (sentence === undefined) throw new Error(`no sentence for ${key} in ${lang}`)
    // A command line is isolated as a whole, and copied without marks inside.
    const around = sentence.includes('\u2066') ? String : apart
    return sentence.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name]
      if (value === undefined) throw new Error(`no value for {${name}} of ${key}`)
      return typeof value === 'number' ? numbers.format(value) : around(String(value))
    })
  }
  return {
    lang,
    has: (key) => Object.hasOwn(sentences, key),
    apart,
    t,
    device(name) {
      const [browser, system] = name.split(' on ')
      return system === undefined ? name : t('page.device', { browser, system })
    },
    date: (epochMs) => dates.format(epochMs),
    minutes: (milliseconds) => minutes.format(Math.round(milliseconds / 60_000)),
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
