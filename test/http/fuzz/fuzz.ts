import { isDeepStrictEqual } from 'node:util'
import type { Dialect } from '../../../src/store/db.ts'
import { fc } from '../../support/property.ts'
import { type Call, callOf, ROUTES, type Route } from './calls.ts'
import { type Outcome, routeOf, send } from './send.ts'
import { makeWorld, type World } from './world.ts'

/** A successful call there can keep the fuzzer out. */
const CLOSING = /^\/admin\/(?:settings|ipfilters)/
/** Each change makes things, and a world holds a limited number of some of them. */
const CHANGES_PER_WORLD = 40

/** Makes that many random calls to each route. Throws with the simplest call that breaks a promise. */
export async function fuzz(
  database: Dialect,
  { callsEach, seed }: { callsEach: number; seed?: number },
): Promise<void> {
  const make = caller(database)
  for (const route of ROUTES) {
    const property = fc.asyncProperty(callOf(route), async (call) => void (await make(call)))
    const examples = withTheirId(route)
    await fc.assert(property, { numRuns: callsEach + examples.length, examples, ...(seed !== undefined && { seed }) })
  }
}

/** Ownership is not left to chance: a caller that a route is for sends the other user's id to it. */
function withTheirId({ name, path }: Route): [Call][] {
  if (!path.includes(':')) return []
  return [[{ route: name, caller: 'rightful', change: { kind: 'their id', theirs: 0 } }]]
}

/** Makes calls in one world after the other, and holds each against the promises. */
export function caller(database: Dialect): (call: Call) => Promise<Outcome> {
  let world: World | undefined
  let changes = 0
  return async (call) => {
    world ??= await makeWorld(database)
    const outcome = await check(world, call)
    const { method, path } = routeOf(call)
    if (outcome.status >= 300) return outcome
    changes += method === 'GET' ? 0 : 1
    if (changes < CHANGES_PER_WORLD && !CLOSING.test(path)) return outcome
    await world.authd.stop()
    world = undefined
    changes = 0
    return outcome
  }
}

/** Makes one call and holds it against the promises. */
async function check(world: World, call: Call): Promise<Outcome> {
  const { guard, method } = routeOf(call)
  const before = await world.rowsOfOther()
  const outcome = await send(world, call)
  const { status, text, sent, hasScope } = outcome
  if (method !== 'GET' && status < 300) {
    world.forgetAttacker()
    world.forgetObjects()
  }
  const say = (what: string) =>
    new Error(`${what}: ${call.caller}: ${sent.slice(0, 2000)} → ${status} ${text.slice(0, 500)}`)
  if (status >= 500) throw say('a server error')
  if (status < 300 && !outcome.isWellFormed) throw say('a malformed body is accepted')
  if (status < 300 && typeof guard === 'object' && !hasScope) throw say('a route is open without its scope')
  const leaked = world.theirs.filter((secret) => text.includes(secret) && !sent.includes(secret))
  if (leaked.length > 0 && !hasScope) throw say(`the other user is shown (${leaked})`)
  const mayChange = hasScope && typeof guard === 'object' && guard.scope.endsWith(':write')
  if (!mayChange && !isDeepStrictEqual(before, await world.rowsOfOther())) throw say('the other user is changed')
  return outcome
}
