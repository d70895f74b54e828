import Router from '@koa/router'
import { AuthdError } from '../../errors.ts'
import type { Context, Next } from './context.ts'
import { refuseUnstorable } from './unstorable.ts'

interface Declared {
  method: string
  path: string
}

type StateRouter = Router<Context['state'], Context>

/** Routes requests to declarations. A known path with another method is rejected with `Allow` (RFC 9110 §15.5.6). */
export function routerOf<Route extends Declared>(
  routes: readonly Route[],
  serve: (ctx: Context, route: Route) => Promise<void>,
) {
  const dispatch = compile(routes, serve).routes()
  const find = finderOf(routes)
  return async (ctx: Context, next: Next): Promise<void> => {
    const found = find(ctx)
    if (!found) return await next()
    if (!found.route) rejectMethod(ctx, found)
    await dispatch(ctx as Parameters<typeof dispatch>[0], next)
  }
}

/** Finds the declaration that a request is for, before it is routed. */
export function routeFinder<Route extends Declared>(
  routes: readonly Route[],
): (request: Declared) => Route | undefined {
  const find = finderOf(routes)
  return (request) => find(request)?.route
}

/** Only a declared path matches, so `/v1/me/` and `/v1/%6de` do not. A literal path is never an `:id`. */
function compile<Route extends Declared>(
  routes: readonly Route[],
  serve: (ctx: Context, route: Route) => Promise<void>,
): StateRouter {
  const router: StateRouter = new Router({ sensitive: true, strict: true })
  const literalFirst = [...routes.filter(isLiteral), ...routes.filter((route) => !isLiteral(route))]
  for (const route of literalFirst) {
    router.register(route.path, [route.method], (ctx: Context) => serve(ctx, route), { name: nameOf(route) })
  }
  return router
}

interface Found<Route> {
  /** Undefined for a method that the path does not take. */
  route: Route | undefined
  path: string
  allowed: string[]
}

/** Finds what a compiled router would serve. */
function finderOf<Route extends Declared>(routes: readonly Route[]): (request: Declared) => Found<Route> | undefined {
  const literals = Map.groupBy(routes.filter(isLiteral), ({ path }) => path)
  const byName = new Map(routes.map((route) => [nameOf(route), route]))
  const patterns = routes.filter((route) => !isLiteral(route))
  const router = compile(patterns, async () => undefined)
  const mayMatch = pathFilter(patterns.map(({ path }) => path))
  const ofPattern = (path: string) =>
    mayMatch(path) ? router.match(path, 'GET').path.flatMap(({ name = '' }) => byName.get(name) ?? []) : []
  return ({ method, path }) => {
    const found = literals.get(path) ?? ofPattern(path)
    const [first] = found
    if (!first) return undefined
    const methods = found.map((route) => route.method)
    const wanted = method === 'HEAD' ? 'GET' : method
    const allowed = methods.includes('GET') ? ['HEAD', ...methods] : methods
    return { route: found.find((route) => route.method === wanted), path: first.path, allowed }
  }
}

function isLiteral({ path }: Declared): boolean {
  return !path.includes(':')
}

function nameOf({ method, path }: Declared): string {
  return `${method} ${path}`
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

function rejectMethod(ctx: Context, { path, allowed }: Found<unknown>): never {
  ctx.state.route = path
  ctx.set('Allow', allowed.join(', '))
  throw new AuthdError('METHOD_NOT_ALLOWED')
}
