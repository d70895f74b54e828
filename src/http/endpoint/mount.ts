import type { Deps } from '../../deps.ts'
import { type Answered, answerOnce } from '../../flows/repetition/answer-once.ts'
import { checkGuard } from '../../flows/sessions/guard.ts'
import { onBehalfOf } from '../../flows/sessions/recheck-caller.ts'
import { digest } from '../../platform/secret.ts'
import { actorOf } from '../request/actor.ts'
import { parseForm, parseInput, readBody } from '../request/body.ts'
import { CLIENT_HEADER, type Context } from '../request/context.ts'
import { type CookieNames, setCookies } from '../request/cookies.ts'
import { languageOf } from '../request/language.ts'
import { cookiesFor, describeAnswer, repeatableCall } from '../request/repeatable.ts'
import { pathParams, routerOf } from '../request/router.ts'
import { withRateLimitHeaders } from '../request/within-limits.ts'
import { type Answer, type AnyEndpoint, isForBackends } from './endpoint.ts'

/** Routes requests to these declarations. */
export function mount(deps: Deps, endpoints: AnyEndpoint[], names: CookieNames) {
  return routerOf(endpoints, (ctx, declared) => serve(deps, declared, ctx, names))
}

async function serve(deps: Deps, declared: AnyEndpoint, ctx: Context, names: CookieNames): Promise<void> {
  ctx.state.route = declared.path
  if (ctx.state.isOauth) ctx.set('Pragma', 'no-cache') // RFC 6749 §5.1.
  const asked = repeatableCall(ctx, declared)
  const answered = await withRateLimitHeaders(deps, ctx, declared, () =>
    answerOnce(deps, asked, (own) => answer(own, declared, ctx), describeAnswer),
  )
  send(ctx, declared, answered, names)
}

async function answer(deps: Deps, declared: AnyEndpoint, ctx: Context): Promise<Answer> {
  const statesClient = isForBackends(declared) && ctx.get(CLIENT_HEADER) !== ''
  const session = await checkGuard(deps, ctx.state.identity, declared.guard, { statesClient })
  const params = pathParams(ctx)
  const query = declared.query ? parseInput(declared.query, parseForm(ctx.querystring), 'query') : undefined
  const body = declared.body && readBody(ctx, declared.body)
  return await declared.handle(onBehalfOf(deps, ctx.state.identity, declared.guard), {
    body,
    query,
    params,
    identity: ctx.state.identity,
    session,
    cookies: ctx.state.cookies,
    hasOwnCredential: ctx.state.hasOwnCredential,
    actor: actorOf(ctx),
    languageOf: (asked) => languageOf(ctx, asked),
  })
}

function send(ctx: Context, declared: AnyEndpoint, answered: Answered<Answer>, names: CookieNames): void {
  const { answer } = answered
  ctx.status = answer.status
  const { hasOwnCredential, cookies } = ctx.state
  const changes = hasOwnCredential ? [] : cookiesFor(ctx, answer.cookies, answered)
  for (const change of changes) ctx.append('Set-Cookie', setCookies(change, names, cookies))
  ctx.compress = declared.publicMaxAge !== undefined
  if (declared.publicMaxAge !== undefined) {
    ctx.set('Cache-Control', `public, max-age=${declared.publicMaxAge}`)
  }
  if (answer.headers) ctx.set(answer.headers)
  if (answer.body === undefined) {
    ctx.body = answer.status === 204 ? null : ''
    return
  }
  const type = declared.answers[answer.status]?.contentType ?? 'application/json'
  ctx.set('Content-Type', `${type}; charset=utf-8`)
  if (declared.publicMaxAge === undefined) {
    ctx.body = textOf(answer.body)
    return
  }
  const { bytes, tag } = publicBytes(answer.body)
  ctx.body = bytes
  ctx.set('ETag', tag)
  if (ctx.fresh) ctx.status = 304
}

const madePublic = new WeakMap<object, { bytes: Buffer; tag: string }>()

/** The bytes and the tag of an answer that is the same for everybody, made once for each object. */
function publicBytes(body: unknown): { bytes: Buffer; tag: string } {
  const known = madePublic.get(Object(body))
  if (known) return known
  const text = textOf(body)
  const made = { bytes: Buffer.from(text), tag: `"${digest(text)}"` }
  if (typeof body === 'object' && body !== null) madePublic.set(body, made)
  return made
}

function textOf(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}
