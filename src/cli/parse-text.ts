import { AuthdError } from '../errors.ts'
import type { TypedText } from '../resources/text-fields.ts'

/** A text that is stored and shown to others, checked as the API checks it. Throws USAGE. */
export async function parseTyped(kind: TypedText, text: string, options?: { least: 0 }): Promise<string> {
  // Few commands take such a text, and zod is slow to load.
  const { typedText } = await import('../resources/text-fields.ts')
  const { checkInput } = await import('../resources/check-input.ts')
  const { data, error } = checkInput(typedText(kind, options), text)
  if (data !== undefined) return data
  throw new AuthdError('USAGE', { message: error?.issues[0]?.message ?? 'is not valid' })
}

/** The language that a tag names. Throws USAGE for one that authd does not have. */
export async function parseLanguage(tag: string): Promise<string> {
  const { findLanguage, languages } = await import('../platform/texts/languages.ts')
  const lang = findLanguage(tag, languages())
  if (lang !== undefined) return lang
  throw new AuthdError('USAGE', { message: `"${tag}" is unknown. Use one of ${languages().join(', ')}.` })
}
