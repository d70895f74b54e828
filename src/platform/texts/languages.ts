import { templates } from './templates.ts'

/** The languages that authd has. The first one is the fallback. */
export function languages(): string[] {
  return ['en', ...Object.keys(templates().locales).filter((lang) => lang !== 'en')]
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
