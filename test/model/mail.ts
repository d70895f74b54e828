import { expect } from 'vitest'
import type { Reply } from '../support/http-client.ts'
import { HOUR, isAhead, MINUTE, type Person, type Session } from './rules.ts'
import { ADDRESSES, personAt, type Tab, type World } from './world.ts'

/** A request for a mail that was accepted. */
export interface Mailed {
  /** Or the session that alone can request it. */
  mailbox: string | Session
  at: number
  /** The browser that asked, if it was known to the owner of the address. */
  known: Tab | undefined
  /** The address that it came from. */
  ip: string | undefined
}

const HOURLY = 10

/** Tags make several addresses of one mailbox. */
const mailboxOf = (address: number): string => (ADDRESSES[address] ?? '').replace(/\+[^@]*/, '')

const knows = (tab: Tab | undefined, person: Person | undefined): boolean =>
  tab !== undefined && person !== undefined && tab.known.has(person)

/** Judges the answer to a request for a mail, and counts it. Says whether it was accepted. */
export function isAccepted(
  world: World,
  reply: Reply,
  { tab, address }: { tab: Tab | undefined; address: number },
): boolean {
  if (reply.status === 429) {
    expect({ address, mustAccept: mustAccept(world, { tab, address }) }).toMatchObject({ mustAccept: false })
    return false
  }
  const known = knows(tab, personAt(world, address)) ? tab : undefined
  world.mailed.push({ mailbox: mailboxOf(address), at: world.now, known, ip: tab?.client.ip })
  const strangers = recent(world, HOUR).filter(
    ({ mailbox, known: by }) => mailbox === mailboxOf(address) && by === undefined,
  )
  // Ten in each of the two hours that it may fall into, and one more every ten minutes.
  expect(strangers.length).toBeLessThanOrEqual(2 * HOURLY + 7)
  return true
}

/** The same for a mail that only one session can request. What others request does not count against it. */
export function isOwnAccepted(world: World, reply: Reply, session: Session): boolean {
  const own = recent(world, HOUR).filter(({ mailbox }) => mailbox === session)
  if (reply.status === 429) {
    expect({ own: own.length < HOURLY, by: reply.body.details?.violated_policies }).not.toEqual({
      own: true,
      by: ['email'],
    })
    return false
  }
  world.mailed.push({ mailbox: session, at: world.now, known: undefined, ip: undefined })
  return true
}

/**
 * Nobody can cut a person off from mail: neither strangers, nor the person on another device. Above the limit, the mail of
 * ten minutes is for a client that got none for an hour.
 */
function mustAccept(world: World, { tab, address }: { tab: Tab | undefined; address: number }): boolean {
  const isOwn = knows(tab, personAt(world, address))
  const toIt = (spanMs: number) => recent(world, spanMs).filter(({ mailbox }) => mailbox === mailboxOf(address))
  if (isOwn && toIt(HOUR).filter(({ known }) => known === tab).length < HOURLY) return true
  const hadOne = toIt(HOUR).some(({ ip }) => ip === tab?.client.ip)
  return toIt(HOUR).length < HOURLY || (toIt(10 * MINUTE).length === 0 && !hadOne)
}

const recent = ({ mailed, now }: World, spanMs: number): Mailed[] =>
  mailed.filter(({ at }) => !isAhead(at, now) && now - at <= spanMs)

/** Somebody asks for a mail to this address a dozen times, each time as a new visitor. */
export async function flood(world: World, address: number): Promise<void> {
  for (let times = 0; times < 12; times += 1) {
    const reply = await world.authd.browser().post('/v1/signin', { json: { email: ADDRESSES[address] } })
    isAccepted(world, reply, { tab: undefined, address })
  }
  await world.authd.takeMail()
}
