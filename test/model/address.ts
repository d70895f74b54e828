import { expect } from 'vitest'
import type { Mail } from '../../src/deps.ts'
import { expectRefusal, refusalOf } from './account.ts'
import { isAccepted } from './mail.ts'
import { DAY, isAhead, type Person, SECOND } from './rules.ts'
import {
  ADDRESSES,
  type Change,
  DOMAIN,
  dropSince,
  endAttemptsFor,
  endInvitations,
  endRecoveryLinks,
  endSessions,
  forgetDevices,
  personAt,
  type Tab,
  verify,
  type World,
} from './world.ts'

/** With sign-ups of one domain only, nobody moves out of it. */
const mayMoveTo = (world: World, address: number): boolean =>
  world.isLockedDown || world.signUp !== 'domains' || ADDRESSES[address]?.endsWith(`@${DOMAIN}`) === true

interface Moved {
  address: number
  mails: Mail[]
}

/** Changes the address, with the code that the new one gets. */
export async function changeAddress(world: World, tab: Tab, address: number): Promise<void> {
  const { session } = tab
  const email = ADDRESSES[address]
  const isSame = session?.person.address === address
  const refusal =
    refusalOf(world, session) ?? (isSame ? 'CONFLICT' : mayMoveTo(world, address) ? undefined : 'FORBIDDEN')
  const asked = await tab.client.post('/v1/me/email', { json: { email } })
  if (asked.status === 429) return
  expectRefusal(asked, refusal)
  const mail = (await world.authd.takeMail()).find(({ template }) => template === 'email_change')
  if (refusal !== undefined || !session) return
  isAccepted(world, asked, { tab, address })
  const isTaken = personAt(world, address) !== undefined
  if (world.isLockedDown) return
  expect(mail === undefined).toBe(isTaken)
  if (!mail) return
  const done = await tab.client.post('/v1/me/email/confirm', { json: { code: mail.values['code'] } })
  expect(done.status).toBe(200)
  const wasVerified = session.person.isVerified
  verify(world, session.person, session)
  moveTo(world, session.person, { address, wasVerified, byOperator: false, mails: await world.authd.takeMail() })
}

/**
 * What follows from another address. A verified one that it replaces gets a link that restores it, unless an operator has
 * replaced it. An operator also leaves only the oldest of the other links.
 */
export function moveTo(
  world: World,
  person: Person,
  { address, wasVerified, byOperator, mails }: Moved & { wasVerified: boolean; byOperator: boolean },
): void {
  endAttemptsFor(world, person.address)
  endInvitations(world, person)
  const told = mails.find(({ template, to }) => template === 'email_changed' && to === ADDRESSES[person.address])
  const token = told && new URL(told.values['link'] ?? '').searchParams.get('token')
  const own = world.changes.filter((each) => each.person === person)
  const [oldest, ...others] = own.filter((each) => canBeUndone(world, each))
  if (byOperator && oldest) for (const each of others) each.isOver = true
  if (byOperator || !wasVerified) expect(told).toBeUndefined()
  if (wasVerified) {
    const changedAt = Math.max(world.now, (own.at(-1)?.changedAt ?? 0) + 1)
    world.changes.push({ person, from: person.address, changedAt, token: token ?? undefined, isOver: byOperator })
  }
  person.address = address
}

const canBeUndone = (world: World, { isOver, changedAt }: Change): boolean => !isOver && world.now < changedAt + 7 * DAY

/** Restores an address, with its link and the code that it gets then. */
export async function restoreAddress(world: World, tab: Tab, change: Change): Promise<void> {
  const { token, person, from } = change
  if (token === undefined || world.isLockedDown) return
  const isValid = canBeUndone(world, change) && !person.isDisabled
  const asked = await tab.client.post('/restore-email', { form: { token } })
  if (!isValid) return expect(asked.status).toBe(410)
  expect(asked.status).toBe(200)
  const mail = (await world.authd.takeMail()).find(({ template }) => template === 'email_restore')
  // The page is the same where a limit keeps the mail back.
  if (!mail) return
  expect(mail.to).toBe(ADDRESSES[from])
  const before = tab.client.cookies.get('authd')
  const done = await tab.client.post('/restore-email/code', { form: { token, code: mail.values['code'] ?? '' } })
  const owner = personAt(world, from)
  if (owner && owner !== person) {
    expect(done.status).toBe(409)
    return
  }
  expect(done.status).toBe(303)
  if (before !== undefined) tab.session = undefined
  endAttemptsFor(world, person.address)
  endSessions(world, (each) => each.person === person)
  forgetDevices(world, person)
  endRecoveryLinks(world, person)
  // Whatever was set up since the change may be a thief's. A change that a wrong clock made is at most 7 days old.
  dropSince(
    world,
    person,
    (isAhead(change.changedAt, world.now) ? world.now - 7 * DAY : change.changedAt) - 30 * SECOND,
  )
  verify(world, person)
  person.address = from
  const own = world.changes.filter((each) => each.person === person)
  for (const later of own.slice(own.indexOf(change))) later.isOver = true
}
