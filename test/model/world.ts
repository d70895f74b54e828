import { expect } from 'vitest'
import type { Authd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import type { PasskeyDevice } from '../support/passkey-device.ts'
import type { Mailed } from './mail.ts'
import {
  type Attempt,
  asShown,
  type Claims,
  DAY,
  dueOf,
  hasFactor,
  isAhead,
  isLive,
  levelOf,
  MINUTE,
  type Person,
  type Policy,
  type Proof,
  type Session,
  type SignUp,
} from './rules.ts'

/** The last is another address of the first mailbox. */
export const ADDRESSES = ['ada@example.com', 'bob@example.com', 'cleo@example.org', 'ada+work@example.com'] as const
/** Where people may sign up while `signup.policy` is `domains`. */
export const DOMAIN = 'example.com'
export const BROWSERS = 3

/** A browser as the model sees it, with the client that plays it. */
export interface Tab {
  client: Browser
  /** What its cookie holds, newest first, with the code and link of the last mail that arrived. */
  attempts: HeldAttempt[]
  /** The last one that completed, which its cookie no longer holds. */
  completed: HeldAttempt | undefined
  session: Session | undefined
  /** Who has completed a sign-in here. */
  known: Set<Person>
}

export interface HeldAttempt {
  model: Attempt
  token: string
  code: string | undefined
  link: string | undefined
  /** The proof that was answered last. Sent again, it gets the same answer for a moment. */
  answered?: { shown: string; at: number }
}

/** An access token, with the refresh token that was issued with it. */
export interface Access extends Claims {
  token: string
  issuedAt: number
  refresh: string
}

/** An app that holds the tokens of one session. */
export interface App {
  session: Session
  access: Access
  /** The one from before the last step-up or change. */
  former: Access | undefined
  /** All that it was ever given since the last step-up, oldest first. */
  refresh: string[]
  /** Those from before a step-up. They are nobody's any more. */
  replaced: string[]
  refreshedAt: number
  /** When an access token of its newest pair was first shown to authd. */
  usedAt: number | undefined
}

/** The link that an address gets when its person has another one. */
export interface Change {
  person: Person
  from: number
  changedAt: number
  /** Undefined if the mail with it did not arrive. */
  token: string | undefined
  isOver: boolean
}

export interface Invitation {
  person: Person
  token: string
  begunAt: number
  endsAt: number
  isOver: boolean
}

export interface RecoveryLink extends Invitation {
  removes: 'totp' | undefined
}

export interface Key {
  id: string
  token: string
  scope: string
  endsAt: number
  isRevoked: boolean
}

/** authd and the model of it, side by side. */
export interface World {
  /** Two processes on one database. */
  instances: readonly Authd[]
  /** The one that gets the requests of this step. */
  authd: Authd
  now: number
  policy: Policy
  signUp: SignUp
  /** A code of the app may come first. */
  isTotpFirst: boolean
  isLockedDown: boolean
  changes: Change[]
  invitations: Invitation[]
  recoveryLinks: RecoveryLink[]
  keys: Key[]
  people: Person[]
  tabs: Tab[]
  apps: App[]
  /** The secrets of people, by id. */
  devices: Map<string, PasskeyDevice>
  totpSecrets: Map<string, string>
  recoveryCodes: Map<string, string[]>
  sessions: Session[]
  attempts: Attempt[]
  mailed: Mailed[]
  /** Wrong codes so far, so that walks stay below the limits that have tests of their own. */
  wrongs: number
  /** Step-ups and changes so far. */
  marks: number
  isTurnedBack: boolean
}

/** A browser is known to those who completed there, until it is forgotten. */
export function forgetDevices(world: World, person: Person): void {
  for (const { known } of world.tabs) known.delete(person)
}

export const personAt = (world: World, address: number | undefined): Person | undefined =>
  world.people.find((person) => person.address === address)

/** Who may begin or end a sign-in for an address. */
export function maySignIn(world: World, address: number, person = personAt(world, address)): boolean {
  if (person?.isDisabled) return false
  const isInvited = person?.invitedUntil == null || person.invitedUntil > world.now
  if (person && (person.wasVerified || isInvited)) return true
  if (world.isLockedDown) return false
  return world.signUp === 'open' || (world.signUp === 'domains' && ADDRESSES[address]?.endsWith(`@${DOMAIN}`) === true)
}

export function newPerson(
  world: World,
  address: number,
  { id, isVerified }: { id: string; isVerified: boolean },
): Person {
  const person: Person = {
    ...{ id, address, isVerified, wasVerified: isVerified, isDisabled: false, policy: null, invitedUntil: null },
    ...{ passkey: undefined, totp: undefined, codes: 0, codesSince: 0 },
  }
  world.people.push(person)
  return person
}

/** The address of this person is proven now. The first one drops what was set up before. */
export function verify(world: World, person: Person, kept?: Session): void {
  if (!person.wasVerified) {
    endSessions(world, (each) => each.person === person && each !== kept)
    forgetDevices(world, person)
    endRecoveryLinks(world, person)
    dropSince(world, person, 0)
  }
  Object.assign(person, { isVerified: true, wasVerified: true, invitedUntil: null })
  endInvitations(world, person)
}

export function endInvitations(world: World, person: Person): void {
  for (const each of world.invitations) if (each.person === person) each.isOver = true
}

export function endRecoveryLinks(world: World, person: Person): void {
  for (const each of world.recoveryLinks) if (each.person === person) each.isOver = true
}

/** What was handed out to a person can be used, by the clock. */
export const isInForce = ({ now }: World, { isOver, begunAt, endsAt }: Invitation): boolean =>
  !isOver && !isAhead(begunAt, now) && now < endsAt

/** What was set up since then is gone, and what it has proven counts no more. */
export function dropSince(world: World, person: Person, since: number): void {
  if (person.codesSince >= since) person.codes = 0
  if (person.passkey && person.passkey.since >= since) dropFactor(world, person, 'passkey')
  if (person.totp && person.totp.since >= since) dropFactor(world, person, 'totp')
}

const PROOFS_OF = { passkey: ['passkey'], totp: ['otp', 'recovery_code'] } as const

export function dropFactor(world: World, person: Person, factor: 'passkey' | 'totp'): void {
  person[factor] = undefined
  if (!hasFactor(person)) person.codes = 0
  const gone: readonly Proof[] = hasFactor(person) ? PROOFS_OF[factor] : [...PROOFS_OF.passkey, ...PROOFS_OF.totp]
  forgetProofs(world, person, gone)
}

/** Nobody is fresh by a proof that is gone: what is left counts from the beginning of the session. */
export function forgetProofs(world: World, person: Person, gone: readonly Proof[], kept?: Session): void {
  for (const session of world.sessions) {
    if (session.person !== person || session === kept) continue
    const held = gone.filter((proof) => session.proofs.delete(proof))
    if (held.length > 0) Object.assign(session, { provenAt: session.begunAt, mark: undefined })
  }
  for (const attempt of world.attempts) {
    if (attempt.person === person && gone.some((proof) => attempt.proofs.has(proof))) attempt.proofs = new Set()
  }
}

export function endSessions(world: World, isEnded: (session: Session) => boolean): void {
  for (const session of world.sessions) if (isEnded(session)) session.isOver = true
}

/** Ends what is under way for an address. */
export function endAttemptsFor(world: World, address: number): void {
  for (const attempt of world.attempts) if (attempt.address === address) attempt.isOver = true
}

export function beginSession(
  world: World,
  { person, proofs }: { person: Person; proofs: ReadonlySet<Proof> },
): Session {
  const { now } = world
  const times = { begunAt: now, provenAt: now, lastSeenAt: now, idleEndsAt: now + 14 * DAY, endsAt: now + 30 * DAY }
  const session = { person, proofs: new Set(proofs), ...times, mark: undefined, isOver: false }
  world.sessions.push(session)
  return session
}

/** What `GET /v1/session` must say, and what the look at it changes. */
function expectedLook(world: World, session: Session | undefined, token?: Claims): [number, string | number] {
  const shown = () => session && (token ? asShown(session, token) : session)
  const before = shown()
  if (!session || !before || !isLive(before, world.now)) return [401, 'UNAUTHORIZED']
  touch(world, session)
  const due = dueOf(before, world.policy)
  if (due === 'enrolment') return [403, 'ENROLMENT_REQUIRED']
  if (due === 'factor') return [403, 'STEP_UP_REQUIRED']
  return [200, session.person.id.length > 0 ? [...before.proofs].sort().join() : '']
}

/** What a token says that is issued now. */
export function accessOf(
  { now }: World,
  { proofs, provenAt, mark }: Session,
  tokens: { access_token: string; refresh_token: string },
): Access {
  const { access_token: token, refresh_token: refresh } = tokens
  return { token, refresh, issuedAt: now, proofs: new Set(proofs), provenAt, mark }
}

/** An access token lives ten minutes, and its verifier's clock may be five seconds off. */
export function isAccessGood({ now }: World, { issuedAt }: Access): boolean {
  return !isAhead(issuedAt, now) && Math.floor(now / 1000) < Math.floor((issuedAt + 10 * MINUTE) / 1000) + 5
}

/** authd accepted the access token of a live session: if it is of the newest pair, that pair has arrived. */
export function useAccess({ now }: World, app: App, access = app.access): void {
  if (access.refresh === app.refresh.at(-1)) app.usedAt ??= now
}

/** A time that a wrong clock wrote. Nobody knows how long ago it was. */
export const UNKNOWN = -Infinity

/** A request of a live session moves its idle end on. */
export function touch(world: World, session: Session): void {
  const { now } = world
  const isRecent = !isAhead(session.lastSeenAt, now) && now - session.lastSeenAt <= MINUTE
  if (isRecent || !isLive(session, now)) return
  redate(world, session)
  session.lastSeenAt = now
  session.idleEndsAt = Math.min(now + 14 * DAY, session.endsAt)
}

/** What a wrong clock wrote counts as a day old. When tokens were refreshed and used is unknown. */
export function redate(world: World, session: Session): void {
  const { now } = world
  if (isAhead(session.begunAt, now)) {
    session.endsAt += now - DAY - session.begunAt
    session.begunAt = now - DAY
  }
  if (isAhead(session.provenAt, now)) session.provenAt = now - DAY
  for (const app of world.apps) {
    if (app.session !== session) continue
    if (isAhead(app.refreshedAt, now)) app.refreshedAt = UNKNOWN
    if (app.usedAt !== undefined && isAhead(app.usedAt, now)) app.usedAt = UNKNOWN
  }
}

/** Asks both processes about every cookie and token there is, in turns, and compares. */
export async function compare(world: World): Promise<void> {
  for (const [index, tab] of world.tabs.entries()) {
    turn(world)
    const { status, body } = await tab.client.get('/v1/session')
    const isIn = status === 200
    const said = [status, isIn ? withoutMfa(body.session.amr) : body.code]
    expect({ browser: index, said }).toEqual({ browser: index, said: expectedLook(world, tab.session) })
    if (!isIn || !tab.session) continue
    const { person, proofs } = tab.session
    expect({ user: body.user.id, aal: body.session.aal }).toEqual({ user: person.id, aal: levelOf(proofs) })
  }
  for (const [index, app] of world.apps.entries()) {
    for (const access of [app.access, app.former]) if (access) await compareToken(world, app, { index, access })
  }
}

async function compareToken(
  world: World,
  app: App,
  { index, access }: { index: number; access: Access },
): Promise<void> {
  const { session } = app
  turn(world)
  const { status, body } = await world.authd.browser().get('/v1/session', { bearer: access.token })
  const isGood = isAccessGood(world, access)
  const said = [status, status === 200 ? withoutMfa(body.session.amr) : body.code]
  const wanted = isGood ? expectedLook(world, session, access) : [401, 'UNAUTHORIZED']
  const which = { app: index, isFormer: access === app.former }
  expect({ ...which, said }).toEqual({ ...which, said: wanted })
  const shown = asShown(session, access)
  if (isGood && isLive(shown, world.now)) useAccess(world, app, access)
  if (status !== 200) return
  expect(body.session.aal).toBe(levelOf(shown.proofs))
  expect(Date.parse(body.session.auth_time)).toBeLessThanOrEqual(shown.provenAt)
}

/** The other process gets the next requests. */
export function turn(world: World): void {
  const { instances, authd, tabs } = world
  world.authd = instances.find((each) => each !== authd) ?? authd
  for (const { client } of tabs) client.address = world.authd.address
}

const withoutMfa = (amr: string[]): string =>
  amr
    .filter((name) => name !== 'mfa')
    .sort()
    .join()
