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
  /** `in 40 seconds`, `5 minutes ago`, in the largest suitable unit. */
  relative(milliseconds: number): string
}

/** The languages that authd has. The first one is the fallback. */
export function languages(): string[] {
  return ['en', ...Object.keys(templates().locales).filter((lang) => lang !== 'en')]
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
 * Chooses the known language that the first wish names best. A wish is a tag, a list (`ui_locales`) or an
 * `Accept-Language` header. Wishes for unknown languages are skipped; the first of `known` is the fallback.
 */
export function chooseLanguage(wishes: readonly (string | undefined)[], known: readonly string[]): string {
  for (const wish of wishes) {
    const found = findLanguage(wish, known)
    if (found !== undefined) return found
  }
  return known[0] ?? 'en'
}

/** The known language that a wish names best (RFC 4647 §3.4, lookup). */
export function findLanguage(wish: string | undefined, known: readonly string[]): string | undefined {
  const ranges = (wish ?? '')
    .slice(0, 200)
    .split(/[\s,]+(?=[a-z*])/i)
    .map((part) => {
      const [tag = '', quality = ''] = part.split(';')
      const weight = /q=\s*(\d(?:\.\d+)?)/.exec(quality)?.[1]
      return { tag: tag.trim(), weight: weight === undefined ? 1 : Number(weight) }
    })
  const byWeight = ranges.filter(({ weight }) => weight > 0).sort((left, right) => right.weight - left.weight)
  for (const { tag } of byWeight) {
    const match = lookUp(tag, known)
    if (match !== undefined) return match
  }
  return undefined
}

/** `de-AT` is read as `de`. A language that is known only for another region fits too: `pt` and `pt-PT` are read as `pt-BR`. */
function lookUp(tag: string, known: readonly string[]): string | undefined {
  // POSIX writes pt_BR.
  const subtags = tag.toLowerCase().split(/[-_]/)
  for (let length = subtags.length; length > 0; length--) {
    const shorter = subtags.slice(0, length).join('-')
    const match = known.find((lang) => lang.toLowerCase() === shorter)
    if (match !== undefined) return match
  }
  return known.find((lang) => lang.toLowerCase().startsWith(`${subtags[0]}-`))
}
