import { chooseLanguage, languages } from '../../platform/texts/translate.ts'

/** The available language that fits a tag or `Accept-Language` header best. Defaults to English. */
export function languageOf(wanted: string | undefined): string {
  return chooseLanguage(wanted, languages())
}
