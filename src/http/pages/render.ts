import { SECOND, toRfc3339 } from '../../platform/clock.ts'
import { type Template, templates } from '../../platform/templates.ts'
import { type SentenceValues, sentenceHelper, type Translator, translatorFor } from '../../platform/translate.ts'
import type { PageContext, PageError, PageName, PageValues } from './values.ts'

/** A hosted page as HTML. All values are escaped; no script, no inline style, nothing from another origin. */
export function renderPage<Name extends PageName>(name: Name, values: PageValues[Name], context: PageContext): string {
  const translate = translatorFor(context.lang)
  const { t, lang } = translate
  const said = SAID[name](values, context.appName, translate)
  const title = t('page.title', { heading: said.heading, app: context.appName })
  const view = {
    ...context,
    ...values,
    ...said,
    lang,
    dir: t('dir'),
    // The tab, too, says that something went wrong: it is what a screen reader reads first.
    title: said['fault'] ? t('page.fault_title', { title }) : title,
  }
  const options = { helpers: helpersFor(translate, context.basePath) }
  return template('layout')({ ...view, body: template(name)(view, options) }, options)
}

type Said = SentenceValues & { heading: string }

/** Each page's heading, and the sentences that its template can't choose by itself. */
const SAID: { [Name in PageName]: (values: PageValues[Name], app: string, translate: Translator) => Said } = {
  signin: ({ error, notice }, app, translate) => ({
    heading: translate.t('signin.heading', { app }),
    fault: error && faultOf('signin', error, translate),
    noticeText: notice && translate.t(`signin.notice.${notice}`),
  }),
  code: ({ error, notice, resendAfter, codeKind }, _, translate) => ({
    heading: translate.t('code.heading'),
    fault: error && faultOf('code', error, translate),
    noticeText: notice && translate.t(`code.notice.${notice}`),
    wait: resendAfter > 0 ? translate.relative(resendAfter * SECOND) : undefined,
    isLong: codeKind === 'long',
  }),
  link: (values, app, { t, relative }) => ({
    heading: t(`link.${values.kind}.heading`, { app }),
    isOwn: values.kind === 'own',
    ...(values.kind === 'elsewhere' && {
      begun: relative(Math.min(-SECOND, values.begunAt - values.now)),
      begunExact: toRfc3339(values.begunAt),
    }),
  }),
  done: (_, __, { t }) => ({ heading: t('done.heading') }),
  signout: (_, app, { t }) => ({ heading: t('signout.heading', { app }) }),
  error: (error, _, translate) => explain(error, translate),
  problem: (error, _, translate) => explain(error, translate),
}

/** A form's own words for an error, where it has some. */
function faultOf(page: 'signin' | 'code', error: PageError, translate: Translator): string {
  const own = `${page}.error.${error.code}`
  return translate.has(own) ? translate.t(own) : sentenceFor(error, translate)
}

function explain(error: PageError, translate: Translator): Said {
  const title = `error.${error.code}.title`
  return {
    heading: translate.t(translate.has(title) ? title : 'error.title'),
    text: sentenceFor(error, translate),
    isLinkDead: error.code.startsWith('MAGIC_LINK_'),
  }
}

function sentenceFor({ code, message, retryAfter }: PageError, { t, has, relative }: Translator): string {
  if (retryAfter && has(`error.${code}.when`)) return t(`error.${code}.when`, { when: relative(retryAfter * SECOND) })
  return has(`error.${code}.text`) ? t(`error.${code}.text`) : message
}

function helpersFor(translate: Translator, basePath: string) {
  return {
    t: sentenceHelper(translate),
    /** `{{path "/signin"}}`: under the path that public_url may carry. */
    path: (path: unknown) => `${basePath}${path}`,
    /** `{{asset "authd.css"}}` */
    asset: (file: unknown) => `${basePath}/assets/${templates().assets[String(file)]?.name}`,
    query: (value: unknown) => encodeURIComponent(String(value)),
    /** The mark above the column: the name's first character. */
    initial: (name: unknown) => [...String(name)][0]?.toUpperCase(),
  }
}

function template(name: string): Template {
  const page = templates().pages[name]
  if (!page) throw new Error(`no template for the page ${name}`)
  return page
}
