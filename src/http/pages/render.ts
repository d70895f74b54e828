import { languages } from '../../platform/texts/languages.ts'
import { type Template, templates } from '../../platform/texts/templates.ts'
import { sentenceHelper, type Translator, translatorFor } from '../../platform/texts/translate.ts'
import { LANGUAGE_PARAMETER } from '../request/language.ts'
import { faultOf, SAID } from './page-sentences.ts'
import type { PageContext, PageError, PageName, PageValues } from './page-values.ts'

/** Pages for signed-in users have a wide column and a sign-out link. */
const WIDE: ReadonlySet<PageName> = new Set(['account', 'activity'])
/** Pages with a script, for passkeys, the clipboard or a countdown. */
const SCRIPTED: ReadonlySet<PageName> = new Set([
  'signin',
  'code',
  'factor',
  'account',
  'passkey-new',
  'confirm',
  'codes',
])

/**
 * Renders a hosted page. All values are escaped. The only inline style is ours, no script is inline, and nothing comes
 * from other origins.
 */
export function renderPage<Name extends PageName>(name: Name, values: PageValues[Name], context: PageContext): string {
  const translate = translatorFor(context.lang, context.locales)
  const { t, lang } = translate
  const said = SAID[name]?.(values, context, translate) ?? {}
  const { error, notice } = values as { error?: PageError; notice?: string }
  const heading = said.heading ?? t(`${name}.heading`, { app: context.appName })
  const fault = said.isErrorItself ? undefined : error && faultOf(name, error, translate)
  const title = t('page.title', { heading, app: context.appName })
  const languages = said.hasNoForm ? undefined : languageChoice(context, lang)
  const view = {
    ...context,
    languages,
    ...values,
    ...said,
    hasFooter: context.appUrl !== undefined || context.supportUrl !== undefined || languages !== undefined,
    heading,
    lang,
    dir: t('dir'),
    fault,
    noticeText: notice && t(`${name}.notice.${notice}`, said),
    // The title also tells the error, because a screen reader reads it first.
    title: fault ? t('page.fault_title', { title }) : title,
    isWide: WIDE.has(name),
    hasScript: SCRIPTED.has(name),
  }
  const options = { helpers: { ...helpersFor(translate, context), ...fieldHelpers(view), part } }
  function part(of: unknown): string {
    return template(String(of))(view, options)
  }
  return template('layout')({ ...view, body: part(name), style: templates().style.css }, options)
}

/** Sends the same address again with another language. `query` has everything else that the address has. */
function languageChoice({ query, locales = templates().locales }: PageContext, current: string) {
  if (query === undefined) return undefined
  return {
    parameter: LANGUAGE_PARAMETER,
    kept: Object.entries(query)
      .filter(([name]) => name !== LANGUAGE_PARAMETER)
      .map(([name, value]) => ({ name, value })),
    offered: languages().map((tag) => ({ tag, name: locales[tag]?.['name'], isCurrent: tag === current })),
  }
}

/** One error stands at one field. An error that is about no field has a summary above the page. */
function fieldHelpers({ fault, faultAt }: { fault: string | undefined; faultAt?: string }) {
  const isWrong = (id: unknown) => fault !== undefined && id === faultAt
  return {
    /** `{{{faultOf "email"}}}`, between a label and its field. */
    faultOf: (id: unknown) => (isWrong(id) ? template('fault')({ fault }, { helpers: {} }) : ''),
    /** `{{{field "email" hint="email-hint" focus=true}}}`: the attributes of the field. */
    field(id: unknown, call: unknown) {
      const { hint, focus } = (call as { hash: { hint?: string; focus?: boolean } }).hash
      const described = [isWrong(id) && 'fault', hint].filter(Boolean).join(' ')
      const invalid = isWrong(id) ? ' aria-invalid="true"' : ''
      const focused = isWrong(id) || (focus && fault === undefined) ? ' autofocus' : ''
      return `${invalid}${described && ` aria-describedby="${described}"`}${focused}`
    },
  }
}

function helpersFor(translate: Translator, { basePath, now }: PageContext) {
  return {
    t: sentenceHelper(translate),
    /** `{{path "/signin"}}`: below the path of public_url. */
    path: (path: unknown) => `${basePath}${path}`,
    /** `{{asset "page.js"}}` */
    asset: (file: unknown) => `${basePath}/assets/${templates().assets[String(file)]?.name}`,
    query: (value: unknown) => encodeURIComponent(String(value)),
    /** `{{{address email}}}`: a line breaks after `@` and dots, so that no part of an address is torn. */
    address: (text: unknown) => escapeHtml(String(text)).replace(/[@.]/g, '$&<wbr>'),
    deviceName: (name: unknown) => translate.device(String(name)),
    /** The first character of the name, for the mark above the column. */
    initial: (name: unknown) => [...String(name)][0]?.toUpperCase(),
    /** `{{when lastSeenAt}}`: `4 minutes ago`. A time in the future, from a wrong clock, is shown as now. */
    when: (at: unknown) => translate.relative(Math.min(0, Number(at) - now)),
    date: (at: unknown) => translate.date(Number(at)),
  }
}

function template(name: string): Template {
  const page = templates().pages[name]
  if (!page) throw new Error(`no template for the page ${name}`)
  return page
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`)
}
