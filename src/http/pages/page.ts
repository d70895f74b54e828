import { z } from 'zod'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Limit } from '../../flows/limits/request-limits.ts'
import type { Actor } from '../../flows/record-event.ts'
import type { Guard } from '../../flows/sessions/guard.ts'
import type { Identity } from '../../flows/sessions/identify.ts'
import { isAllowedRedirect } from '../../flows/signin/redirect.ts'
import { parseToken } from '../../platform/secret.ts'
import type { Context } from '../request/context.ts'
import type { CookieChange, RequestCookies } from '../request/cookies.ts'
import { languageInQuery, languageOf } from '../request/language.ts'
import type { PathParams } from '../request/router.ts'
import { findUnstorable } from '../request/unstorable.ts'
import { brandPaths } from './branding.ts'
import { mintOnce } from './form-owner.ts'
import type { PageContext, PageError, PageName, PageValues } from './page-values.ts'

export interface PageRequest<Fields, Path extends string = string> {
  /** From the form, or from the query for a GET. */
  fields: Fields
  params: PathParams<Path>
  identity: Identity
  cookies: RequestCookies
  actor: Actor
  lang: string
}

type Shown = { [Name in PageName]: { page: Name; values: PageValues[Name] } }[PageName]

/** A page, a file, or a redirect, which mount.ts answers with 303, so that no form is posted twice. */
export type PageAnswer = (
  | (Shown & { status?: number })
  | { goTo: string }
  | { file: { name: string; type: string; body: string } }
) & {
  cookies?: CookieChange[]
}

/** A hosted page. It reads a form or query, calls the same flow as the API, and answers with HTML. */
export interface Page<Fields extends z.ZodType = z.ZodType, Path extends string = string> {
  method: 'GET' | 'POST'
  path: Path
  fields: Fields
  limit?: Limit
  /** What the session must be. Set for the pages of signed-in users: see account-page.ts. */
  guard?: Guard
  /** Its form does something to the account of the page that it stands on, and to no other. */
  isOwn?: true
  /** Seconds. Caches may store the page: it holds nothing personal. */
  publicMaxAge?: number
  handle(deps: Deps, request: PageRequest<z.output<Fields>, Path>): Promise<PageAnswer>
}

/** Checks the types of a declaration, then forgets them, so that a list can hold it. */
export function page<Fields extends z.ZodType, const Path extends string>(declared: Page<Fields, Path>): Page {
  return declared as unknown as Page
}

/** The fields of a form or query. Unknown fields are ignored, because mail services add parameters to links. */
export function fields<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.object(shape)
}

/** What mail programs put into a link that they wrap or quote, and what stands around a copied one. No token holds it. */
const STRAY = /[^\w.-]+|\.+$/g

/** The token of a link in a mail or from an operator, whose id starts with the prefix. Throws LINK_INCOMPLETE. */
export const linkToken = (prefix: string) =>
  z
    .string()
    .max(400)
    .default('')
    .transform((text) => {
      const token = text.replace(STRAY, '')
      if (!parseToken(prefix, token)) throw new AuthdError('LINK_INCOMPLETE')
      return token
    })

/** A code as it was typed or pasted, maybe with the paragraph around it. */
export const typedCode = z.string().max(1000)

export const redirectField = z.string().max(2048).optional()

/** The fields that the script of a passkey form fills in. */
export const passkeyFields = {
  challenge_id: z.string().max(64),
  credential: z.string().max(32_768).transform(parseObject),
}

/**
 * Anything but an object becomes an empty credential, which the flow rejects like any bad one. So does one with text that
 * cannot be stored: JSON can spell in ASCII what the form itself may not hold.
 */
function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    const isUsable = typeof value === 'object' && value !== null && findUnstorable(value) === undefined
    return isUsable ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

/** The redirect, if `signin.redirect_urls` allows it. */
export function allowedRedirect(deps: Pick<Deps, 'config'>, redirect: string | undefined): { redirectTo?: string } {
  const { redirectUrls } = deps.config.current().signin
  return redirect !== undefined && isAllowedRedirect(redirectUrls, redirect) ? { redirectTo: redirect } : {}
}

export function pageError({ code, message, retryAfter }: AuthdError): PageError {
  return { code, message, ...(retryAfter !== undefined && { retryAfter }) }
}

/** For the refusal of a typed code: it was not a whole one, or no more may be tried. */
export function codeRefused(error: AuthdError): PageError {
  const shown = pageError(error)
  if (error.code === 'VALIDATION_ERROR') return { ...shown, code: 'CODE_INCOMPLETE' }
  return error.details?.['tries_left'] === 0 ? { ...shown, code: 'CODE_SPENT' } : shown
}

/** For the refusal of another mail. What RATE_LIMITED says about tries does not fit. */
export function mailNotSent(error: AuthdError): PageError {
  return { ...pageError(error), ...(error.code === 'RATE_LIMITED' && { code: 'MAIL_NOT_SENT' }) }
}

/** The values that all pages share, from the current configuration. */
export function pageContext(deps: Pick<Deps, 'config' | 'clock' | 'random' | 'texts'>, ctx: Context): PageContext {
  const { app, publicUrl } = deps.config.current()
  return {
    lang: pageLanguage(ctx),
    ...(ctx.method !== 'POST' && { query: Object.fromEntries(new URLSearchParams(ctx.querystring)) }),
    appName: app.name,
    basePath: basePath(publicUrl),
    now: deps.clock.now(),
    once: mintOnce(deps.random, ctx.state.identity),
    locales: deps.texts.current().locales,
    ...brandPaths(app),
    ...(app.url !== undefined && { appUrl: app.url }),
    ...(app.supportUrl !== undefined && { supportUrl: app.supportUrl }),
    ...(app.notice !== undefined && { siteNotice: app.notice }),
  }
}

/** The language of a page, and of the mails that it sends. */
export function pageLanguage(ctx: Context): string {
  return languageOf(ctx, languageInQuery(ctx))
}

/** The path of public_url without a trailing slash. */
export function basePath(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '')
}
