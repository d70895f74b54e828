import { expect } from 'vitest'
import { resetTotp } from '../../src/flows/factors/factor-admin.ts'
import { beginLockdown, endLockdown } from '../../src/flows/operator/lockdown.ts'
import { putInForce, setSetting } from '../../src/flows/operator/setting.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { findOwnUser } from '../../src/flows/users/account.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { inviteUsers } from '../../src/flows/users/invitation.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { type EmailAddress, parseEmailAddress } from '../../src/platform/email-address.ts'
import { forget } from './account.ts'
import { moveTo } from './address.ts'
import { HOUR, MINUTE, type Person, type Policy, type SignUp } from './rules.ts'
import { newAttempt, settle } from './sign-in.ts'
import {
  ADDRESSES,
  dropFactor,
  endAttemptsFor,
  endRecoveryLinks,
  endSessions,
  forgetDevices,
  forgetProofs,
  isInForce,
  maySignIn,
  newPerson,
  personAt,
  type RecoveryLink,
  type Tab,
  verify,
  type World,
} from './world.ts'

export async function disable(world: World, person: Person): Promise<void> {
  await disableUsers(world.authd.deps, SYSTEM, { names: [person.id], reason: null })
  person.isDisabled = true
  forgetDevices(world, person)
  endSessions(world, (each) => each.person === person)
  endAttemptsFor(world, person.address)
  endRecoveryLinks(world, person)
}

export async function enable(world: World, person: Person): Promise<void> {
  await enableUsers(world.authd.deps, SYSTEM, { names: [person.id] })
  person.isDisabled = false
}

export async function remove(world: World, person: Person): Promise<void> {
  const { deps } = world.authd
  await removeUser(deps, SYSTEM, await findOwnUser(deps, person.id))
  forget(world, person)
}

/** Sets another address, as proven or not. What is enrolled stays due, and what mails have proven is gone. */
export async function setAddress(
  world: World,
  person: Person,
  { address, isVerified }: { address: number; isVerified: boolean },
) {
  if (personAt(world, address) || !world.people.includes(person)) return
  await updateUser(world.authd.deps, SYSTEM, { user: person.id, email: emailOf(address), isVerified })
  const wasVerified = person.isVerified
  if (isVerified) verify(world, person)
  person.isVerified = isVerified
  forgetProofs(world, person, ['email'])
  moveTo(world, person, { address, wasVerified, byOperator: true, mails: await world.authd.takeMail() })
}

function emailOf(address: number): EmailAddress {
  const email = parseEmailAddress(ADDRESSES[address] ?? '')
  if (!email) throw new Error(`no address ${address}`)
  return email
}

export async function add(world: World, address: number, isVerified: boolean): Promise<void> {
  if (personAt(world, address)) return
  const { user } = await addUser(world.authd.deps, SYSTEM, { email: emailOf(address), name: null, isVerified })
  newPerson(world, address, { id: user.id, isVerified })
}

/** Invites an address for an hour, or again. A user who has proven it, or is disabled, cannot be invited. */
export async function invite(world: World, address: number): Promise<void> {
  const known = personAt(world, address)
  const asked = { emails: [emailOf(address)], ttlMs: HOUR, lang: 'en', mustSend: false, name: null }
  const made = inviteUsers(world.authd.deps, SYSTEM, asked)
  if (known?.isVerified || known?.isDisabled) return await expect(made).rejects.toMatchObject({ code: 'CONFLICT' })
  const [{ user, url } = { user: { id: '' }, url: '' }] = await made
  const person = known ?? newPerson(world, address, { id: user.id, isVerified: false })
  person.invitedUntil = world.now + HOUR
  const token = new URL(url).searchParams.get('token') ?? ''
  world.invitations.push({ person, token, begunAt: world.now, endsAt: world.now + HOUR, isOver: false })
}

export async function setPolicy(world: World, policy: Policy): Promise<void> {
  await set(world, 'mfa.policy', policy)
  world.policy = policy
}

/** A lockdown holds it closed. */
export async function setSignUp(world: World, signUp: SignUp): Promise<void> {
  if (world.isLockedDown) {
    return await expect(set(world, 'signup.policy', signUp)).rejects.toMatchObject({ code: 'CONFLICT' })
  }
  await set(world, 'signup.policy', signUp)
  world.signUp = signUp
}

export async function setTotpFirst(world: World, isTotpFirst: boolean): Promise<void> {
  await set(world, 'totp.allow_first_factor', String(isTotpFirst))
  world.isTotpFirst = isTotpFirst
}

async function set(world: World, key: string, value: string): Promise<void> {
  await setSetting(world.authd.deps, SYSTEM, { key, value, acceptsLockout: true })
  await spread(world)
}

/** What each process does within a second of a change. */
async function spread({ instances }: World): Promise<void> {
  for (const { deps } of instances) await putInForce(deps)
}

export async function setOwnPolicy(world: World, person: Person, policy: Policy | null): Promise<void> {
  await updateUser(world.authd.deps, SYSTEM, { user: person.id, mfaPolicy: policy, isVerified: false })
  person.policy = policy
}

export async function lockDown(world: World, keepSessions: boolean): Promise<void> {
  if (world.isLockedDown) return
  await beginLockdown(world.authd.deps, SYSTEM, { reason: null, keepSessions })
  await spread(world)
  world.isLockedDown = true
  for (const attempt of world.attempts) attempt.isOver = true
  for (const handedOut of [...world.invitations, ...world.recoveryLinks]) handedOut.isOver = true
  for (const person of world.people) {
    if (!person.isVerified && person.invitedUntil !== null)
      person.invitedUntil = Math.min(person.invitedUntil, world.now)
  }
  if (!keepSessions) endSessions(world, () => true)
}

export async function unlock(world: World): Promise<void> {
  if (!world.isLockedDown) return
  await endLockdown(world.authd.deps, SYSTEM)
  await spread(world)
  world.isLockedDown = false
  await world.authd.takeMail()
}

export async function revokeAll(world: World): Promise<void> {
  await revokeByOperator(world.authd.deps, SYSTEM, {})
  endSessions(world, () => true)
}

export async function resetApp(world: World, person: Person): Promise<void> {
  const { deps } = world.authd
  await resetTotp(deps, SYSTEM, await findOwnUser(deps, person.id))
  if (person.totp) dropFactor(world, person, 'totp')
}

/** Hands a recovery link over, which ends the one before. */
export async function makeLink(world: World, person: Person, removes: 'totp' | undefined): Promise<void> {
  const ttlMs = 15 * MINUTE
  const asked = { name: person.id, removes: removes ? [removes] : [], ttlMs, mustEndSessions: false }
  const made = makeRecoveryLink(world.authd.deps, SYSTEM, asked)
  if (!maySignIn(world, person.address, person)) {
    return await expect(made).rejects.toMatchObject({ code: 'CONFLICT' })
  }
  const token = new URL((await made).url).searchParams.get('token') ?? ''
  endRecoveryLinks(world, person)
  world.recoveryLinks.push({ person, removes, token, begunAt: world.now, endsAt: world.now + ttlMs, isOver: false })
}

/** Uses a recovery link once. What it does not remove stays due. */
export async function recover(world: World, tab: Tab, link: RecoveryLink): Promise<void> {
  const { person, removes, token } = link
  const before = tab.client.cookies.get('authd')
  const page = await tab.client.post('/recover', { form: { token } })
  if (!isInForce(world, link) || !maySignIn(world, person.address, person)) return expect(page.status).toBe(410)
  expect(page.status).toBe(303)
  link.isOver = true
  if (removes && person.totp) dropFactor(world, person, 'totp')
  const model = newAttempt(world, person.address)
  const isIn = tab.client.cookies.get('authd') !== before
  const held = { model, token: '', code: undefined, link: undefined }
  tab.attempts = [held, ...tab.attempts].slice(0, 3)
  const session = { aal: 1, user_id: person.id }
  const body = isIn ? { status: 'complete', session } : { status: 'factor_required' }
  settle(world, tab, { held, reply: { ...page, status: 200, body }, person, proof: 'recovery_link' })
}
