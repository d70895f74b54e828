import { templates } from '../platform/templates.ts'
import { chooseLanguage } from '../platform/translate.ts'

/** The language we have that suits a tag or an `Accept-Language` header best; English if none does. */
export function languageOf(wanted: string | undefined): string {
  return chooseLanguage(wanted, ['en', ...Object.keys(templates().locales)])
}
