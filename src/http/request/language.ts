import { chooseLanguage, findLanguage, languages } from '../../platform/texts/languages.ts'
import type { Context } from './context.ts'

/** The parameter of every page, named as in OpenID Connect: languages in order of preference. */
export const LANGUAGE_PARAMETER = 'ui_locales'

/** The language of an answer, and of a mail that the request causes: what the request asks for, what the browser remembers, `Accept-Language`, English. */
export function languageOf(ctx: Context, asked?: string): string {
  return chooseLanguage([asked, ctx.state.cookies.language, ctx.get('Accept-Language')], languages())
}

/** The language that a page's address asks for, if authd has it. */
export function languageInQuery({ querystring }: Context): string | undefined {
  const asked = new URLSearchParams(querystring).get(LANGUAGE_PARAMETER) ?? undefined
  return findLanguage(asked, languages())
}
