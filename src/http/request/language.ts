import { chooseLanguage, languages } from '../../platform/texts/translate.ts'

/** The language we have that suits a tag or an `Accept-Language` header best; English if none does. */
export function languageOf(wanted: string | undefined): string {
  return chooseLanguage(wanted, languages())
}
