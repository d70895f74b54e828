import { expect } from 'vitest'
import { totpCode } from '../support/factors.ts'
import type { Reply } from '../support/http-client.ts'
import { whileParked } from '../support/parked.ts'
import { expectRefusal } from './account.ts'
import { isAccepted, isOwnAccepted } from './mail.ts'
import { takesTotp } from './proofs.ts'
import { asShown, DAY, dueAfter, dueOf, hasFactor, isAhead, isFresh, isLive, isOpen, levelOf, SECOND } from './rules.ts'
import { newAttempt } from './sign-in.ts'
import {
  type Access,
  ADDRESSES,
  type App,
  accessOf,
  beginSession,
  forgetProofs,
  isAccessGood,
  maySignIn,
  newPerson,
  personAt,
  redate,
  touch,
  UNKNOWN,
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
  world.apps.push({
    session,
    access: accessOf(world, session, reply.body),
    former: undefined,
    refresh: [reply.body.refresh_token],
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
  if ([session.begunAt, app.refreshedAt, app.usedAt ?? 0].some((at) => isAhead(at, world.now))) {
    redate(world, session)
    session.lastSeenAt = world.now
    session.idleEndsAt = Math.min(session.idleEndsAt, world.now + 14 * DAY, session.endsAt)
  }
  const isIn = isLive(session, world.now)
  const due = dueOf(session, world.policy)
  const reply = await world.authd.browser().post('/v1/token/refresh', { json: { refresh_token: token } })
  const isInGrace = (since: number) => !isAhead(since, world.now) && world.now - since <= GRACE_MS
  const isSpent = back > 1 || (back === 1 && app.usedAt !== undefined && !isInGrace(app.usedAt))
  const isGood = isIn && due === 'nothing' && !isSpent
  expect({ back, status: reply.status }).toEqual({ back, status: isGood ? 200 : 401 })
  // The clock was put back since: it may have been two tabs.
  const isUnknown = (back === 1 && app.usedAt === UNKNOWN) || (back === 2 && app.refreshedAt === UNKNOWN)
  if (isIn && isSpent && !isUnknown && !(back === 2 && isInGrace(app.refreshedAt))) session.isOver = true
  if (!isGood) return
  const { refresh_token } = reply.body
  if (!isLost) app.access = accessOf(world, session, reply.body)
  if (back === 1) return expect(refresh_token).toBe(app.refresh.at(-1))
  app.refresh.push(refresh_token)
  app.refreshedAt = world.now
  app.usedAt = undefined
  Object.assign(session, {
    lastSeenAt: world.now,
    idleEndsAt: Math.min(world.now + 14 * DAY, session.endsAt),
  })
}

/** A step-up by mail. `isRaced`: a refresh with the token of before has arrived by then, and its unit runs after it. */
export async function stepUp(world: World, app: App, isRaced: boolean): Promise<void> {
  const { session, access } = app
  const bearer = access.token
  const shown = asShown(session, access)
  if (!isLive(shown, world.now) || !isAccessGood(world, access) || world.isLockedDown) return
  const client = world.authd.browser()
  const asked = await client.post('/v1/stepup/email', { bearer })
  touch(world, session)
  useAccess(world, app)
  if (asked.status !== 202 && asked.status !== 429) return
  if (!isOwnAccepted(world, asked, session)) return
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
  session.proofs = shown.proofs.add('email')
  session.provenAt = world.now
  replaceTokens(world, app, proven)
}

/** The session has another secret. The access token from before stays what it was. */
function replaceTokens(world: World, app: App, { body }: Reply): void {
  world.marks += 1
  app.session.mark = world.marks
  app.replaced.push(...app.refresh)
  app.former = app.access
  app.refresh = [body.refresh_token]
  app.access = accessOf(world, app.session, body)
}

/** A step-up by a code of the authenticator app, with the newest access token or with the one from before. */
export async function stepUpByTotp(world: World, app: App, access: Access | undefined): Promise<void> {
  const { session } = app
  const secret = world.totpSecrets.get(session.person.id)
  if (!access || !secret || world.wrongs >= 4) return
  const json = { code: totpCode(world.authd, secret) }
  const reply = await world.authd.browser().post('/v1/stepup/totp', { bearer: access.token, json })
  const shown = asShown(session, access)
  if (!isAccessGood(world, access) || !isLive(shown, world.now)) return expectRefusal(reply, 'UNAUTHORIZED')
  touch(world, session)
  useAccess(world, app, access)
  const proofs = new Set([...shown.proofs, 'otp' as const])
  if (levelOf(proofs) < 2) return expectRefusal(reply, 'STEP_UP_REQUIRED')
  if (!takesTotp(world, session.person)) {
    world.wrongs += 1
    return expectRefusal(reply, 'INVALID_CREDENTIALS')
  }
  expect(reply.status).toBe(200)
  session.proofs = proofs
  session.provenAt = world.now
  replaceTokens(world, app, reply)
}

/** Makes new recovery codes with the newest access token, or with the one from before. */
export async function change(world: World, app: App, access: Access | undefined): Promise<void> {
  if (!access) return
  const { session } = app
  const { person } = session
  const refusal = refusalOf(world, app, access) ?? (hasFactor(person) ? undefined : 'CONFLICT')
  const reply = await world.authd.browser().post('/v1/me/recovery-codes', { bearer: access.token })
  expectRefusal(reply, refusal)
  if (refusal !== undefined) return
  const { codes } = reply.body
  Object.assign(person, { codes: codes.length, codesSince: world.now })
  forgetProofs(world, person, ['recovery_code'], session)
  world.recoveryCodes.set(person.id, codes)
  replaceTokens(world, app, reply)
}

/** What a change with an access token must answer. */
function refusalOf(world: World, app: App, access: Access): string | undefined {
  const { session } = app
  if (!isAccessGood(world, access) || !isLive(asShown(session, access), world.now)) return 'UNAUTHORIZED'
  touch(world, session)
  useAccess(world, app, access)
  const shown = asShown(session, access)
  const due = dueOf(shown, world.policy)
  if (due === 'enrolment') return 'ENROLMENT_REQUIRED'
  const isOfStepUp = access.mark !== undefined && access.mark === session.mark
  return due === 'factor' || !isOfStepUp || !isFresh(shown, world.now) ? 'STEP_UP_REQUIRED' : undefined
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
