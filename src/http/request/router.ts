import Router from '@koa/router'
import { AuthdError } from '../../errors.ts'
import type { Context, Next } from './context.ts'
import { refuseUnstorable } from './unstorable.ts'

interface Declared {
  method: string
  path: string
}

/** Routes requests to declarations. A known path with another method is rejected with `Allow` (RFC 9110 §15.5.6). */
export function routerOf<Route extends Declared>(
  routes: readonly Route[],
  serve: (ctx: Context, route: Route) => Promise<void>,
) {
  const router = new Router<Context['state'], Context>({ sensitive: true })
  for (const route of routes) router.register(route.path, [route.method], (ctx: Context) => serve(ctx, route))
  const dispatch = router.routes()
  const mayMatch = pathFilter(routes.map(({ path }) => path))
  return async (ctx: Context, next: Next): Promise<void> => {
    if (!mayMatch(ctx.path)) return await next()
    rejectByFixedPath(routes, ctx)
    await dispatch(ctx as Parameters<typeof dispatch>[0], async () => {
      rejectOtherMethods(router, ctx)
      await next()
    })
  }
}

/** Finds the declaration that a request is for, before it is routed. */
export function routeFinder<Route extends Declared>(
  routes: readonly Route[],
): (request: Declared) => Route | undefined {
  const key = ({ method, path }: Declared) => `${method} ${path}`
  const fixed = new Map(routes.filter(({ path }) => !path.includes(':')).map((route) => [key(route), route]))
  const patterns = routes
    .filter(({ path }) => path.includes(':'))
    .map((route) => ({ route, matches: new RegExp(`^${key(route).replace(/:\w+/g, '[^/]+')}$`) }))
  return ({ method, path }) => {
    const asked = key({ method: method === 'HEAD' ? 'GET' : method, path })
    return fixed.get(asked) ?? patterns.find(({ matches }) => matches.test(asked))?.route
  }
}

/** Returns a cheap test that rules out most other paths. A router tries each of its patterns in turn. */
export function pathFilter(patterns: string[]): (path: string) => boolean {
  const fixed = new Set(patterns.filter((pattern) => !pattern.includes(':')))
  const beginnings = patterns.filter((pattern) => pattern.includes(':')).map((pattern) => pattern.split(':')[0] ?? '')
  return (path) => fixed.has(path) || beginnings.some((beginning) => path.startsWith(beginning))
}

/** The names after a colon: `/v1/me/sessions/:id` has `{ id: string }`. */
export type PathParams<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { [Key in Name]: string } & PathParams<Rest>
  : Path extends `${string}:${infer Name}`
    ? { [Key in Name]: string }
    : unknown

/** The parameters that the router found in the path. Throws VALIDATION_ERROR for text that cannot be stored. */
export function pathParams(ctx: Context): Record<string, string> {
  const { params } = ctx as unknown as { params: Record<string, string> }
  refuseUnstorable(params)
  return params
}

/** A literal path is never an `:id`: a method that it does not take must not reach the pattern beside it. */
function rejectByFixedPath(routes: readonly Declared[], ctx: Context): void {
  const methods = routes.filter(({ path }) => path === ctx.path).map(({ method }) => method)
  const method = ctx.method === 'HEAD' ? 'GET' : ctx.method
  if (methods.length > 0 && !methods.includes(method)) {
    rejectMethod(ctx, ctx.path, methods.includes('GET') ? ['HEAD', ...methods] : methods)
  }
}

function rejectOtherMethods(router: Router<Context['state'], Context>, ctx: Context): void {
  const { path } = router.match(ctx.path, ctx.method)
  if (path.length > 0) rejectMethod(ctx, String(path[0]?.path), [...new Set(path.flatMap(({ methods }) => methods))])
}

function rejectMethod(ctx: Context, route: string, allowed: string[]): never {
  ctx.state.route = route
  ctx.set('Allow', allowed.join(', '))
  throw new AuthdError('METHOD_NOT_ALLOWED')
}
