import { expect } from 'vitest'
import type { Authd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import type { PasskeyDevice } from '../support/passkey-device.ts'
import type { Mailed } from './mail.ts'
import {
  type Attempt,
  DAY,
  dueOf,
  isAhead,
  isLive,
  MINUTE,
  type Person,
  type Policy,
  type Proof,
  type Session,
} from './rules.ts'

export const ADDRESSES = ['ada@example.com', 'bob@example.com', 'cleo@example.com'] as const
export const BROWSERS = 3

/** A browser as the model sees it, with the client that plays it. */
export interface Tab {
  client: Browser
  /** What its cookie holds, newest first, with the code and link of the last mail that arrived. */
  attempts: { model: Attempt; token: string; code: string | undefined; link: string | undefined }[]
  session: Session | undefined
  /** Who has completed a sign-in here. */
  known: Set<Person>
}

/** An app that holds the tokens of one session. */
export interface App {
  session: Session
  access: { token: string; issuedAt: number }
  /** All that it was ever given since the last step-up, oldest first. */
  refresh: string[]
  /** Those from before a step-up. They are nobody's any more. */
  replaced: string[]
  refreshedAt: number
}

/** authd and the model of it, side by side. */
export interface World {
  authd: Authd
  now: number
  policy: Policy
  isLockedDown: boolean
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
  isTurnedBack: boolean
}

/** A browser is known to those who completed there, until it is forgotten. */
export function forgetDevices(world: World, person: Person): void {
  for (const { known } of world.tabs) known.delete(person)
}

export const personAt = (world: World, address: number | undefined): Person | undefined =>
  world.people.find((person) => person.address === address)

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
  const session = { person, proofs: new Set(proofs), ...times, isOver: false }
  world.sessions.push(session)
  return session
}

/** What `GET /v1/session` must say, and what the look at it changes. */
function expectedLook(world: World, session: Session | undefined): [number, string | number] {
  if (!session || !isLive(session, world.now)) return [401, 'UNAUTHORIZED']
  touch(world, session)
  const due = dueOf(session, world.policy)
  if (due === 'enrolment') return [403, 'ENROLMENT_REQUIRED']
  if (due === 'factor') return [403, 'STEP_UP_REQUIRED']
  return [200, session.person.id.length > 0 ? [...session.proofs].sort().join() : '']
}

/** An access token lives ten minutes, and its verifier's clock may be five seconds off. */
export function isAccessGood({ now }: World, { issuedAt }: App['access']): boolean {
  return !isAhead(issuedAt, now) && Math.floor(now / 1000) < Math.floor((issuedAt + 10 * MINUTE) / 1000) + 5
}

/** A request of a live session moves its idle end on. */
export function touch(world: World, session: Session): void {
  const { now } = world
  const isRecent = !isAhead(session.lastSeenAt, now) && now - session.lastSeenAt <= MINUTE
  if (isRecent || !isLive(session, now)) return
  // What a wrong clock wrote counts as a day old.
  if (isAhead(session.begunAt, now)) {
    session.endsAt += now - DAY - session.begunAt
    session.begunAt = now - DAY
  }
  if (isAhead(session.provenAt, now)) session.provenAt = now - DAY
  for (const app of world.apps) {
    if (app.session === session && isAhead(app.refreshedAt, now)) app.refreshedAt = now - DAY
  }
  session.lastSeenAt = now
  session.idleEndsAt = Math.min(now + 14 * DAY, session.endsAt)
}

/** Asks authd about every cookie and token there is, and compares. */
export async function compare(world: World): Promise<void> {
  for (const [index, tab] of world.tabs.entries()) {
    const { status, body } = await tab.client.get('/v1/session')
    const isIn = status === 200
    const said = [status, isIn ? withoutMfa(body.session.amr) : body.code]
    expect({ browser: index, said }).toEqual({ browser: index, said: expectedLook(world, tab.session) })
    if (isIn) expect(body.user.id).toBe(tab.session?.person.id)
  }
  for (const [index, { session, access }] of world.apps.entries()) {
    const { status, body } = await world.authd.browser().get('/v1/session', { bearer: access.token })
    const isGood = isAccessGood(world, access)
    const said = [status, status === 200 ? withoutMfa(body.session.amr) : body.code]
    const wanted = isGood ? expectedLook(world, session) : [401, 'UNAUTHORIZED']
    expect({ app: index, said }).toEqual({ app: index, said: wanted })
  }
}

const withoutMfa = (amr: string[]): string =>
  amr
    .filter((name) => name !== 'mfa')
    .sort()
    .join()
