import { assertDocumented } from '../../support/contract.ts'
import { exchange } from '../../support/http-client.ts'
import { type Call, ROUTES, type Route } from './calls.ts'
import { adminId, type Prepared, RECIPES } from './recipes.ts'
import { type Attacker, scopesOf, type World } from './world.ts'

export interface Outcome {
  status: number
  /** The body and the headers of the answer. */
  text: string
  /** The request as it was sent. */
  sent: string
  /** A documented body of the declared type, and no parameter that is unknown or comes twice. */
  isWellFormed: boolean
  /** The caller is an API key with the scope of the route. */
  hasScope: boolean
}

export function routeOf({ route }: Pick<Call, 'route'>): Route {
  const found = ROUTES.find(({ name }) => name === route)
  if (!found) throw new Error(`no route ${route}`)
  return found
}

/** Sends a request that would succeed, changed as the call says. */
export async function send(world: World, call: Call): Promise<Outcome> {
  const route = routeOf(call)
  const me = await world.attacker()
  const authorization = await credential(world, call, { route, me })
  const { id, body } = change(world, call, await prepare(world, { route, me }))
  const written = write(route, call, body)
  const query = call.change.kind === 'query' ? `?${call.change.query.map((pair) => pair.join('=')).join('&')}` : ''
  const path = route.path.replace(/:\w+/, id ?? 'x') + query
  const { origin, host } = new URL(world.authd.url)
  const headers = {
    ...{ Host: host, Origin: origin, 'Sec-Fetch-Site': 'same-origin' },
    ...(written.type !== '' && { 'Content-Type': written.type }),
    ...authorization(),
    ...headerOf(world, call),
  }
  const {
    status,
    headers: answered,
    text,
  } = await exchange(world.authd.address + path, {
    method: route.method,
    headers,
    body: route.bodyType && written.text,
  })
  const isJson = /[/+]json/.test(answered.get('Content-Type') ?? '')
  const reply = { status, headers: answered, body: isJson ? JSON.parse(text) : text }
  await assertDocumented(world.authd.address, { method: route.method, path, reply })
  return {
    status,
    text: `${text} ${[...answered].join(' ')}`,
    sent: `${route.method} ${decode(path)} ${written.text} ${decode(Object.values(headerOf(world, call)).join())}`,
    isWellFormed: written.isWellFormed && isKnown(route, call.change),
    hasScope: typeof route.guard === 'object' && holds(call, route.guard.scope),
  }
}

async function prepare(world: World, { route, me }: { route: Route; me: Attacker }): Promise<Prepared> {
  const recipe = RECIPES[route.name]
  const id = route.path.startsWith('/admin') ? await adminId(world, route.path) : undefined
  if (!recipe) return { id, body: structuredClone(route.example) }
  // Whatever comes of the call, its preparation has changed the attacker.
  world.forgetAttacker()
  return { id, ...(await recipe(world.authd, me)) }
}

/** A header that no client sends like this. It replaces one of the same name. */
function headerOf({ theirs }: World, { change: how }: Call): Record<string, string> {
  if (how.kind === 'header') return { [how.name]: how.value }
  if (how.kind !== 'their header') return {}
  const other = theirs[how.theirs % theirs.length] ?? ''
  const asCredential = { Authorization: `Bearer ${other}.x`, Cookie: `authd=${other}.x; authd-attempt=${other}.x` }
  return { [how.name]: { ...asCredential }[how.name] ?? encodeURIComponent(other) }
}

/** Changes ids and fields. */
function change(
  { theirs }: World,
  { change: how }: Call,
  { id, body = {} }: Prepared,
): { id?: string | undefined; body: unknown } {
  const names = Object.keys(body)
  const field = 'field' in how ? (names[how.field % names.length] ?? 'x') : ''
  // In a path, the other user's ids of the same kind, if there are any.
  const same = theirs.filter((one) => how.kind === 'their id' && one.split('_')[0] === id?.split('_')[0])
  const known = same.length > 0 ? same : theirs
  const other = 'theirs' in how ? (known[how.theirs % known.length] ?? '') : ''
  if (how.kind === 'their id') return { id: encodeURIComponent(other), body }
  if (how.kind === 'path') return { id: how.id, body }
  if (how.kind === 'their field') return { id, body: { ...body, [field]: other } }
  if (how.kind === 'field') return { id, body: { ...body, [field]: how.value } }
  if (how.kind === 'more') return { id, body: { ...body, [how.name]: how.value } }
  if (how.kind === 'body') return { id, body: how.body }
  if (how.kind === 'no field')
    return { id, body: Object.fromEntries(Object.entries(body).filter(([name]) => name !== field)) }
  return { id, body }
}

function write({ bodyType, isDocumented }: Route, { change: how }: Call, body: unknown) {
  const declared = bodyType === 'form' ? 'application/x-www-form-urlencoded' : 'application/json'
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
  const fields = isObject
    ? Object.entries(body).map(([name, value]): [string, string] => [name, String(toText(value))])
    : []
  const json = JSON.stringify(body) ?? ''
  const text = how.kind === 'text' ? how.text : bodyType === 'form' ? new URLSearchParams(fields).toString() : json
  if (bodyType === undefined) return { type: '', text: '', isWellFormed: true }
  const type = how.kind === 'type' ? how.type : declared
  // Forms may have unknown fields (RFC 6749 §3.2), and whatever they hold is text.
  const isWellFormed =
    how.kind !== 'text' && type === declared && (bodyType === 'form' || isDocumented(JSON.parse(json)))
  return { type, text, isWellFormed: isWellFormed || bodyType === 'form' }
}

function isKnown({ query }: Route, how: Call['change']): boolean {
  if (how.kind !== 'query' || query.length === 0) return true
  const names = how.query.map(([name]) => name)
  return new Set(names).size === names.length && names.every((name) => query.includes(name))
}

function toText(value: unknown): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value
}

/** Returns the headers. A preparation may replace the cookie, so it is read last. */
async function credential(
  world: World,
  { caller }: Call,
  { route, me }: { route: Route; me: Attacker },
): Promise<() => Record<string, string>> {
  const byGuard = typeof route.guard === 'object' ? route.guard.scope : route.guard === 'none' ? 'nobody' : 'cookie'
  const who = caller === 'rightful' ? byGuard : caller
  if (who === 'nobody') return () => ({})
  if (who === 'cookie') return () => ({ Cookie: `authd=${me.browser.cookies.get('authd')}` })
  const bearer = await bearerOf(world, who, me)
  return () => ({ Authorization: `Bearer ${bearer}` })
}

async function bearerOf(world: World, who: string, me: Attacker): Promise<string> {
  if (who === 'access token') return (await me.tokens()).accessToken
  return who === 'stepped-up token' ? await me.steppedUp() : await world.key(who)
}

function holds({ caller }: Call, scope: string): boolean {
  return caller === 'rightful' || scopesOf(caller).some((one) => one === scope)
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path // What is badly encoded stays as it is.
  }
}
