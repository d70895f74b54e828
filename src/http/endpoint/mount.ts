import Router from '@koa/router'
import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { checkGuard } from '../../flows/sessions/guard.ts'
import { actorOf } from '../request/actor.ts'
import { parseInput, readBody } from '../request/body.ts'
import type { Context, Next } from '../request/context.ts'
import { type CookieNames, NO_COOKIES, setCookies } from '../request/cookies.ts'
import { withinLimits } from '../request/limits.ts'
import type { Answer, AnyEndpoint } from './endpoint.ts'

/** The router of these declarations. What matches the path but not the method is refused with `Allow`. */
export function mount(deps: Deps, endpoints: AnyEndpoint[], names: CookieNames) {
  const router = new Router<Context['state'], Context>({ sensitive: true })
  for (const declared of endpoints) {
    router.register(declared.path, [declared.method], (ctx: Context) => serve(deps, declared, ctx, names))
  }
  const routes = router.routes()
  const mayMatch = pathFilter(endpoints.map(({ path }) => path))
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!mayMatch(ctx.path)) return await next()
    refuseByFixedPath(endpoints, ctx)
    await routes(ctx as Parameters<typeof routes>[0], async () => {
      refuseOtherMethods(router, ctx)
      await next()
    })
  }
}

/** Tells cheaply what no route can match: a router asks each of its patterns in turn. */
export function pathFilter(patterns: string[]): (path: string) => boolean {
  const fixed = new Set(patterns.filter((pattern) => !pattern.includes(':')))
  const beginnings = patterns.filter((pattern) => pattern.includes(':')).map((pattern) => pattern.split(':')[0] ?? '')
  return (path) => fixed.has(path) || beginnings.some((beginning) => path.startsWith(beginning))
}

async function serve(deps: Deps, declared: AnyEndpoint, ctx: Context, names: CookieNames): Promise<void> {
  ctx.state.route = declared.path
  ctx.state.isOauth = declared.body?.type === 'form'
  send(ctx, declared, await withinLimits(deps, ctx, declared, () => answer(deps, declared, ctx)), names)
}

async function answer(deps: Deps, declared: AnyEndpoint, ctx: Context): Promise<Answer> {
  const session = checkGuard(ctx.state.identity, declared.guard)
  const query = declared.query ? parseInput(declared.query, queryOf(ctx), 'query') : undefined
  const body = declared.body
    ? parseInput(declared.body.schema, await readBody(ctx, declared.body.type), 'body')
    : undefined
  return await declared.handle(deps, {
    body,
    query,
    params: (ctx as unknown as { params: Record<string, string> }).params,
    identity: ctx.state.identity,
    session,
    cookies: ctx.state.cookies ?? NO_COOKIES,
    actor: actorOf(ctx),
    acceptLanguage: ctx.get('Accept-Language'),
  })
}

function queryOf(ctx: Context): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(ctx.querystring))
}

function send(ctx: Context, declared: AnyEndpoint, answer: Answer, names: CookieNames): void {
  ctx.status = answer.status
  for (const change of answer.cookies ?? []) ctx.append('Set-Cookie', setCookies(change, names))
  ctx.compress = declared.publicMaxAge !== undefined
  if (declared.publicMaxAge !== undefined) {
    ctx.set('Cache-Control', `public, max-age=${declared.publicMaxAge}`)
    ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
  }
  if (answer.headers) ctx.set(answer.headers)
  if (answer.body === undefined) {
    ctx.body = answer.status === 204 ? null : ''
    return
  }
  const type = declared.answers[answer.status]?.contentType ?? 'application/json'
  ctx.body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  ctx.set('Content-Type', `${type}; charset=utf-8`)
}

/** A path that is written out is no `:id`: what it does not take, the pattern beside it does not take for it. */
export function refuseByFixedPath(declared: readonly { path: string; method: string }[], ctx: Context): void {
  const methods = declared.filter(({ path }) => path === ctx.path).map(({ method }) => method)
  const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
  if (methods.length === 0 || methods.includes(method)) return
  ctx.state.route = ctx.path
  ctx.set('Allow', (methods.includes('GET') ? ['HEAD', ...methods] : methods).join(', '))
  throw new AuthdError('METHOD_NOT_ALLOWED')
}

/** A path of ours with another method is refused with `Allow` (RFC 9110 §15.5.6). */
export function refuseOtherMethods(router: Router<Context['state'], Context>, ctx: Context): void {
  const { path } = router.match(ctx.path, ctx.method)
  if (path.length === 0) return
  ctx.state.route = String(path[0]?.path)
  ctx.set('Allow', [...new Set(path.flatMap(({ methods }) => methods))].join(', '))
  throw new AuthdError('METHOD_NOT_ALLOWED')
}
