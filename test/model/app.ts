import { expect } from 'vitest'
import type { Reply } from '../support/http-client.ts'
import { whileParked } from '../support/parked.ts'
import { isAccepted } from './mail.ts'
import { dueAfter, dueOf, isAhead, isLive, isOpen, MINUTE, SECOND } from './rules.ts'
import { newAttempt } from './sign-in.ts'
import {
  ADDRESSES,
  type App,
  beginSession,
  isAccessGood,
  maySignIn,
  newPerson,
  personAt,
  touch,
  useAccess,
  verify,
  type World,
} from './world.ts'

const GRACE_MS = 10 * SECOND

/** An app signs a person of one factor in by the code of a mail. */
export async function signIn(world: World, address: number): Promise<void> {
  if (world.isLockedDown || !maySignIn(world, address) || world.apps.length >= 3) return
  const client = world.authd.browser()
  const begun = await client.post('/v1/signin', { json: { email: ADDRESSES[address] } })
  if (!isAccepted(world, begun, { tab: undefined, address })) return
  const code =
    (await world.authd.takeMail()).filter(({ template }) => template === 'signin').at(-1)?.values['code'] ?? ''
  const attempt_token = begun.body.attempt_token
  const reply = await client.post('/v1/signin/code', { json: { code, attempt_token } })
  const attempt = newAttempt(world, address)
  expect(isOpen(attempt, world.now)).toBe(true)
  const person = personAt(world, address) ?? newPerson(world, address, { id: '', isVerified: true })
  if (!person.isVerified) verify(world, person)
  const proofs = new Set(['email'] as const)
  const due = dueAfter(proofs, person, world.policy)
  expect([reply.status, reply.body.status]).toEqual([200, due === 'factor' ? 'factor_required' : 'complete'])
  attempt.isOver = true
  if (due === 'factor') return
  if (person.id === '') person.id = reply.body.session.user_id
  const session = beginSession(world, { person, proofs })
  if (due === 'enrolment') return expect(reply.body.refresh_token).toBeUndefined()
  const { access_token: token, refresh_token: refresh } = reply.body
  const access = { token, issuedAt: world.now, refresh }
  world.apps.push({
    session,
    access,
    refresh: [refresh],
    replaced: [],
    refreshedAt: world.now,
    usedAt: undefined,
  })
}

/** Presents the newest refresh token, or an older one. `isLost`: the app never gets the answer. */
export async function refresh(world: World, app: App, back: 0 | 1 | 2 | 3, isLost: boolean): Promise<void> {
  const token = app.refresh.at(-1 - back)
  if (token === undefined) return
  const { session } = app
  const isIn = isLive(session, world.now)
  const due = dueOf(session, world.policy)
  const reply = await world.authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })
  const isInGrace = (since: number) => !isAhead(since, world.now) && world.now - since <= GRACE_MS
  const isSpent = back > 1 || (back === 1 && app.usedAt !== undefined && !isInGrace(app.usedAt))
  const isGood = isIn && due === 'nothing' && !isSpent
  expect({ back, status: reply.status }).toEqual({ back, status: isGood ? 200 : 401 })
  if (isIn && isSpent && !(back === 2 && isInGrace(app.refreshedAt))) session.isOver = true
  if (!isGood) return
  const { access_token, refresh_token } = reply.body
  if (!isLost) app.access = { token: access_token, issuedAt: world.now, refresh: refresh_token }
  if (back === 1) return expect(refresh_token).toBe(app.refresh.at(-1))
  app.refresh.push(refresh_token)
  app.refreshedAt = world.now
  app.usedAt = undefined
  Object.assign(session, {
    lastSeenAt: world.now,
    idleEndsAt: Math.min(world.now + 14 * 24 * 60 * MINUTE, session.endsAt),
  })
}

/** A step-up by mail. `isRaced`: a refresh with the token of before has arrived by then, and its unit runs after it. */
export async function stepUp(world: World, app: App, isRaced: boolean): Promise<void> {
  const { session, access } = app
  const bearer = access.token
  if (!isLive(session, world.now) || !isAccessGood(world, access) || world.isLockedDown) return
  const client = world.authd.browser()
  const asked = await client.post('/v1/stepup/email', { bearer })
  touch(world, session)
  useAccess(world, app)
  if (asked.status !== 202) return
  isAccepted(world, asked, { tab: undefined, address: session.person.address })
  const code = (await world.authd.takeMail()).filter(({ template }) => template === 'stepup').at(-1)?.values['code']
  const old = app.refresh.at(-1) ?? ''
  const prove = () => client.post('/v1/stepup/code', { bearer, json: { code } })
  const renew = () => world.authd.browser().post('/v1/token/refresh', { json: { refresh_token: old } })
  let proven: Reply | undefined
  if (isRaced) {
    const late = await whileParked(world.authd, renew, async () => {
      proven = await prove()
    })
    expect(late.status).toBe(401)
  }
  proven ??= await prove()
  expect(proven.status).toBe(200)
  session.provenAt = world.now
  app.replaced.push(...app.refresh)
  const { access_token: token, refresh_token: refresh } = proven.body
  app.refresh = [refresh]
  app.access = { token, issuedAt: world.now, refresh }
}

/** A token from before a step-up is nobody's: it neither refreshes nor ends the session. */
export async function presentReplaced(world: World, app: App): Promise<void> {
  const token = app.replaced.at(-1)
  if (token === undefined) return
  const reply = await world.authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })
  expect(reply.status).toBe(401)
}

export async function revoke(world: World, app: App): Promise<void> {
  await world.authd.browser().post('/v1/token/revoke', { form: { token: app.refresh.at(-1) ?? '' } })
  app.session.isOver = true
}
