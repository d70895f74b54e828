import { type Template, templates } from '../../platform/texts/templates.ts'
import { sentenceHelper, type Translator, translatorFor } from '../../platform/texts/translate.ts'
import { faultOf, SAID } from './said.ts'
import type { PageContext, PageError, PageName, PageValues } from './values.ts'

/** The pages of somebody signed in have the wide column and the way out above it. */
const WIDE: ReadonlySet<PageName> = new Set(['account', 'activity'])
/** Forms that a browser's passkey or clipboard fills: they have their script. */
const SCRIPTED: ReadonlySet<PageName> = new Set(['signin', 'factor', 'account', 'passkey-new', 'confirm', 'codes'])

/** A hosted page as HTML. All values are escaped; no inline script or style, nothing from another origin. */
export function renderPage<Name extends PageName>(name: Name, values: PageValues[Name], context: PageContext): string {
  const translate = translatorFor(context.lang, context.locales)
  const { t, lang } = translate
  const said = SAID[name]?.(values, context, translate) ?? {}
  const { error, notice } = values as { error?: PageError; notice?: string }
  const heading = said.heading ?? t(`${name}.heading`, { app: context.appName })
  const fault = said.isErrorItself ? undefined : error && faultOf(name, error, translate)
  const title = t('page.title', { heading, app: context.appName })
  const view = {
    ...context,
    ...values,
    ...said,
    heading,
    lang,
    dir: t('dir'),
    fault,
    noticeText: notice && t(`${name}.notice.${notice}`),
    // The tab, too, says that something went wrong: it is what a screen reader reads first.
    title: fault ? t('page.fault_title', { title }) : title,
    isWide: WIDE.has(name),
    hasScript: SCRIPTED.has(name),
  }
  const options = { helpers: helpersFor(translate, context) }
  return template('layout')({ ...view, body: template(name)(view, options) }, options)
}

function helpersFor(translate: Translator, { basePath, now }: PageContext) {
  return {
    t: sentenceHelper(translate),
    /** `{{path "/signin"}}`: under the path that public_url may carry. */
    path: (path: unknown) => `${basePath}${path}`,
    /** `{{asset "authd.css"}}` */
    asset: (file: unknown) => `${basePath}/assets/${templates().assets[String(file)]?.name}`,
    query: (value: unknown) => encodeURIComponent(String(value)),
    /** The mark above the column: the name's first character. */
    initial: (name: unknown) => [...String(name)][0]?.toUpperCase(),
    /** `{{when lastSeenAt}}`: `4 minutes ago`; what is to come by a clock's fault is now. */
    when: (at: unknown) => translate.relative(Math.min(0, Number(at) - now)),
    date: (at: unknown) => translate.date(Number(at)),
  }
}

function template(name: string): Template {
  const page = templates().pages[name]
  if (!page) throw new Error(`no template for the page ${name}`)
  return page
}
