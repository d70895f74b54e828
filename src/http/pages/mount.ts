import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import type { AuthdError } from '../../errors.ts'
import { type Answered, answerOnce } from '../../flows/repetition/answer-once.ts'
import { templates } from '../../platform/texts/templates.ts'
import { actorOf } from '../request/actor.ts'
import { parseBody, parseInput } from '../request/body.ts'
import type { Context, Next } from '../request/context.ts'
import { type CookieNames, setCookies } from '../request/cookies.ts'
import { refuseCrossSite } from '../request/cross-site.ts'
import { languageInQuery } from '../request/language.ts'
import { cookiesFor, describeAnswer, repeatableForm } from '../request/repeatable.ts'
import { pathParams, routerOf } from '../request/router.ts'
import { withRateLimitHeaders } from '../request/within-limits.ts'
import { accountPages } from './account.ts'
import type { BrandFile } from './branding.ts'
import { confirmPages } from './confirm.ts'
import { emailPages } from './email.ts'
import { factorPages } from './factor.ts'
import { isOfAnother } from './form-owner.ts'
import { invitePages } from './invite.ts'
import { linkPages } from './link.ts'
import { myFactorPages } from './my-factors.ts'
import { notYouPages } from './not-you.ts'
import { basePath, type Page, type PageAnswer, pageContext, pageError, pageLanguage } from './page.ts'
import { problemPages } from './problem.ts'
import { recoverPages } from './recover.ts'
import { renderPage } from './render.ts'
import { signinPages } from './signin.ts'
import { signoutPages } from './signout.ts'

const YEAR_S = 365 * 24 * 60 * 60
const BRAND_S = 300
const OF_ANOTHER = { goTo: '/account?done=other_account' }

export const PAGES: readonly Page[] = [
  ...signinPages,
  ...linkPages,
  ...factorPages,
  ...accountPages,
  ...myFactorPages,
  ...confirmPages,
  ...emailPages,
  ...notYouPages,
  ...invitePages,
  ...recoverPages,
  ...signoutPages,
  ...problemPages,
]

/** Serves the hosted pages, only under the host name of public_url, and accepts forms only from these pages. */
export function mountPages(deps: Deps, { names, origin }: { names: CookieNames; origin: string }) {
  const host = new URL(origin).host
  return routerOf(PAGES, async (ctx, declared) => {
    ctx.state.route = declared.path
    ctx.state.isPage = true
    refuseCrossSite(ctx, { origin, host })
    rememberLanguage(ctx, declared, names)
    const asked = repeatableForm(ctx, declared)
    const shown = await withRateLimitHeaders(deps, ctx, declared, () =>
      answerOnce(deps, asked, (own) => answer(own, ctx, declared), describeAnswer),
    )
    send(deps, ctx, declared, shown, names)
  })
}

/**
 * Serves styles, scripts and images. Ours have a hash in their name and may be cached forever. The operator's files keep
 * their names, so they are cached for minutes only.
 */
export function assets(brand: BrandFile[]) {
  const own = Object.values(templates().assets).map(({ name, ...asset }) => ({
    ...asset,
    path: `/assets/${name}`,
    caching: `public, max-age=${YEAR_S}, immutable`,
  }))
  const theirs = brand.map((file) => ({ ...file, caching: `public, max-age=${BRAND_S}` }))
  const byPath = new Map([...own, ...theirs].map((asset) => [asset.path, asset]))
  return async (ctx: Context, next: Next): Promise<void> => {
    const asset = ctx.method === 'GET' || ctx.method === 'HEAD' ? byPath.get(ctx.path) : undefined
    if (!asset) return await next()
    ctx.state.route = '/assets/:name'
    ctx.compress = true
    ctx.set('Cache-Control', asset.caching)
    ctx.set('Content-Type', asset.type)
    ctx.body = asset.body
  }
}

/** Renders an error as a page, in the user's language and with the request id. */
export function renderError(deps: Pick<Deps, 'config' | 'clock' | 'random' | 'texts'>) {
  return (ctx: Context, error: AuthdError): string => {
    const { publicUrl } = deps.config.current()
    const start = `${error.code === 'MISDIRECTED_REQUEST' ? publicUrl : basePath(publicUrl)}/signin`
    const values = { ...pageError(error), status: error.status, requestId: ctx.state.requestId, start }
    return renderPage('error', values, pageContext(deps, ctx))
  }
}

/** The pages that follow have no parameter. A page that caches may store sets no cookie. */
function rememberLanguage(ctx: Context, { publicMaxAge }: Page, names: CookieNames): void {
  const value = languageInQuery(ctx)
  if (value === undefined || publicMaxAge !== undefined) return
  ctx.append('Set-Cookie', setCookies({ kind: 'language', value }, names, ctx.state.cookies))
}

async function answer(deps: Deps, ctx: Context, declared: Page): Promise<PageAnswer> {
  const params = pathParams(ctx)
  const isForm = declared.method === 'POST'
  const input = isForm ? formOf(ctx) : Object.fromEntries(new URLSearchParams(ctx.querystring))
  if (isForm && declared.isOwn && isOfAnother(input['once'], ctx.state.identity)) return OF_ANOTHER
  return await declared.handle(deps, {
    fields: parseInput(declared.fields, input, isForm ? 'form' : 'query'),
    params,
    identity: ctx.state.identity,
    cookies: ctx.state.cookies,
    actor: actorOf(ctx),
    lang: pageLanguage(ctx),
  })
}

/**
 * The fields of a form. U+0000, which no database keeps, becomes another control character: every field rejects that by
 * itself, so that the user sees the form again with its own error.
 */
function formOf(ctx: Context): Record<string, string> {
  const fields = z.record(z.string(), z.string()).parse(parseBody(ctx, 'form'))
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, text.replaceAll('\0', '\u0001')]))
}

function send(deps: Deps, ctx: Context, declared: Page, answered: Answered<PageAnswer>, names: CookieNames): void {
  const { answer: result } = answered
  for (const change of cookiesFor(ctx, result.cookies, answered)) {
    ctx.append('Set-Cookie', setCookies(change, names, ctx.state.cookies))
  }
  ctx.compress = declared.publicMaxAge !== undefined
  if ('goTo' in result) {
    const { publicUrl } = deps.config.current()
    ctx.status = 303
    // Only authd's own paths, and addresses from signin.redirect_urls get here.
    ctx.set('Location', result.goTo.startsWith('/') ? `${basePath(publicUrl)}${result.goTo}` : result.goTo)
    ctx.body = ''
    return
  }
  if ('file' in result) {
    const { name, type, body } = result.file
    ctx.set('Content-Disposition', `attachment; filename="${name}"`)
    ctx.set('Content-Type', `${type}; charset=utf-8`)
    ctx.body = body
    return
  }
  if (declared.publicMaxAge !== undefined) ctx.set('Cache-Control', `public, max-age=${declared.publicMaxAge}`)
  const { retryAfter } = 'error' in result.values ? (result.values.error ?? {}) : {}
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
  ctx.vary(['Accept-Language', 'Cookie'])
  ctx.status = result.status ?? 200
  ctx.type = 'html'
  ctx.body = renderPage(result.page, result.values, pageContext(deps, ctx))
}
