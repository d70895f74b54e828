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
  const access = { token: reply.body.access_token, issuedAt: world.now }
  world.apps.push({ session, access, refresh: [reply.body.refresh_token], replaced: [], refreshedAt: world.now })
}

/** Presents the newest refresh token, or an older one. */
export async function refresh(world: World, app: App, back: 0 | 1 | 2): Promise<void> {
  const token = app.refresh.at(-1 - back)
  if (token === undefined) return
  const { session } = app
  const isIn = isLive(session, world.now)
  const due = dueOf(session, world.policy)
  const reply = await world.authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })
  const age = world.now - app.refreshedAt
  const isInGrace = !isAhead(app.refreshedAt, world.now) && age <= GRACE_MS
  const isGood = isIn && due === 'nothing' && (back === 0 || (back === 1 && isInGrace))
  expect({ back, status: reply.status }).toEqual({ back, status: isGood ? 200 : 401 })
  if (isIn && back > 0 && !isInGrace) session.isOver = true
  if (!isGood) return
  app.access = { token: reply.body.access_token, issuedAt: world.now }
  if (back === 1) return expect(reply.body.refresh_token).toBe(app.refresh.at(-1))
  app.refresh.push(reply.body.refresh_token)
  app.refreshedAt = world.now
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
  app.refresh = [proven.body.refresh_token]
  app.access = { token: proven.body.access_token, issuedAt: world.now }
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
