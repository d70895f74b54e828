import { SECOND, toRfc3339 } from '../../platform/clock.ts'
import { type Template, templates } from '../../platform/templates.ts'
import { type SentenceValues, type Translator, translatorFor } from '../../platform/translate.ts'
import type { PageContext, PageError, PageName, PageValues } from './values.ts'

/** A hosted page as HTML. All values are escaped; no script, no inline style, nothing from another origin. */
export function renderPage<Name extends PageName>(name: Name, values: PageValues[Name], context: PageContext): string {
  const translate = translatorFor(context.lang)
  const options = { helpers: helpersFor(translate, context.basePath) }
  const page: View = { ...context, ...values, lang: translate.lang, dir: translate.t('dir') }
  const view = { ...page, ...VIEWS[name](page, translate) }
  const body = template(name)(view, options)
  return template('layout')({ ...view, body, title: titleOf(view, translate) }, options)
}

/** What a page's template is filled with: the route's values, and what is said about them. */
type View = SentenceValues & { appName: string }

/** Each page's heading, and what its template can't say by itself. */
const VIEWS: Record<PageName, (view: View, translate: Translator) => SentenceValues & { heading: string }> = {
  signin: (view, translate) => ({
    heading: translate.t('signin.heading', { app: view.appName }),
    ...formView('signin', view, translate),
    noticeText: view['notice'] && translate.t(`signin.notice.${view['notice']}`),
  }),
  code: (view, translate) => ({
    heading: translate.t('code.heading'),
    ...formView('code', view, translate),
    noticeText: view['notice'] && translate.t(`code.notice.${view['notice']}`),
    waitText: view['resendAfter'] ? translate.relative(Number(view['resendAfter']) * SECOND) : undefined,
    isLong: view['codeKind'] === 'long',
  }),
  link: (view, translate) => ({
    heading: translate.t(`link.${view['kind']}.heading`, { app: view.appName }),
    isOwn: view['kind'] === 'own',
    ...(view['kind'] === 'elsewhere' && {
      begun: translate.relative(Math.min(0, Number(view['begunAt']) - Number(view['now']))),
      begunExact: toRfc3339(Number(view['begunAt'])),
    }),
  }),
  done: (_, { t }) => ({ heading: t('done.heading') }),
  signout: (view, { t }) => ({ heading: t('signout.heading', { app: view.appName }) }),
  error: errorView,
  problem: errorView,
}

function formView(page: 'signin' | 'code', view: View, translate: Translator): SentenceValues {
  const error = view['error'] as PageError | undefined
  if (!error) return { errorText: undefined }
  const own = `${page}.error.${error.code}`
  return { errorText: translate.has(own) ? translate.t(own) : sentenceFor(error, translate) }
}

function errorView(view: View, translate: Translator): SentenceValues & { heading: string } {
  const error = view as unknown as PageError
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

/** Says in the tab, too, that something went wrong: it is what a screen reader reads first. */
function titleOf(view: View & { heading: string }, { t }: Translator): string {
  const title = t('page.title', { heading: view.heading, app: view.appName })
  return view['errorText'] ? t('page.error_title', { title }) : title
}

function helpersFor({ t }: Translator, basePath: string) {
  return {
    /** `{{t "key" name=value}}` */
    t: (key: unknown, call: unknown) => t(String(key), (call as { hash: SentenceValues }).hash),
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
