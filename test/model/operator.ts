import { expect } from 'vitest'
import { resetTotp } from '../../src/flows/factors/admin.ts'
import { beginLockdown, endLockdown } from '../../src/flows/operator/lockdown.ts'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/admin.ts'
import { findOwnUser } from '../../src/flows/users/account.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUsers, enableUsers } from '../../src/flows/users/disable.ts'
import { makeRecoveryLink } from '../../src/flows/users/recovery-link.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { dropFactor, forget } from './account.ts'
import { MINUTE, type Person, type Policy } from './rules.ts'
import { dropUnproven, newAttempt, settle } from './sign-in.ts'
import { ADDRESSES, endAttemptsFor, endSessions, forgetDevices, personAt, type Tab, type World } from './world.ts'

export async function disable(world: World, person: Person): Promise<void> {
  await disableUsers(world.authd.deps, SYSTEM, { names: [person.id], reason: null })
  person.isDisabled = true
  forgetDevices(world, person)
  endSessions(world, (each) => each.person === person)
  endAttemptsFor(world, person.address)
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

/** Sets another address, as proven or not. What is enrolled stays due. */
export async function setAddress(
  world: World,
  person: Person,
  { address, isVerified }: { address: number; isVerified: boolean },
) {
  if (personAt(world, address)) return
  const email = parseEmailAddress(ADDRESSES[address] ?? '')
  await updateUser(world.authd.deps, SYSTEM, { user: person.id, email, isVerified })
  endAttemptsFor(world, person.address)
  if (isVerified && !person.wasVerified) dropUnproven(world, person)
  Object.assign(person, { address, isVerified, wasVerified: person.wasVerified || isVerified })
}

export async function setPolicy(world: World, policy: Policy): Promise<void> {
  await setSetting(world.authd.deps, SYSTEM, { key: 'mfa.policy', value: policy, acceptsLockout: true })
  world.policy = policy
}

export async function setOwnPolicy(world: World, person: Person, policy: Policy | null): Promise<void> {
  await updateUser(world.authd.deps, SYSTEM, { user: person.id, mfaPolicy: policy, isVerified: false })
  person.policy = policy
}

export async function lockDown(world: World, keepSessions: boolean): Promise<void> {
  if (world.isLockedDown) return
  await beginLockdown(world.authd.deps, SYSTEM, { reason: null, keepSessions })
  world.isLockedDown = true
  for (const attempt of world.attempts) attempt.isOver = true
  if (!keepSessions) endSessions(world, () => true)
}

export async function unlock(world: World): Promise<void> {
  if (!world.isLockedDown) return
  await endLockdown(world.authd.deps, SYSTEM)
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

/** Hands a recovery link over, which is used at once. What it does not remove stays due. */
export async function recover(
  world: World,
  tab: Tab,
  { person, removes }: { person: Person; removes: 'totp' | undefined },
) {
  if (person.isDisabled) return
  const asked = { name: person.id, removes: removes ? [removes] : [], ttlMs: 15 * MINUTE, mustEndSessions: false }
  const { url } = await makeRecoveryLink(world.authd.deps, SYSTEM, asked)
  const token = new URL(url).searchParams.get('token') ?? ''
  const before = tab.client.cookies.get('authd')
  const page = await tab.client.post('/recover', { form: { token } })
  expect(page.status).toBe(303)
  if (removes && person.totp) dropFactor(world, person, 'totp')
  const model = newAttempt(world, person.address)
  const isIn = tab.client.cookies.get('authd') !== before
  const session = isIn ? (await world.authd.auditLog()).at(-1) : undefined
  expect(session === undefined || session.userId === person.id).toBe(true)
  const held = { model, token: '', code: undefined, link: undefined }
  tab.attempts = [held, ...tab.attempts].slice(0, 3)
  const aal = 1
  const body = isIn ? { status: 'complete', session: { aal, user_id: person.id } } : { status: 'factor_required' }
  settle(world, tab, { held, reply: { ...page, status: 200, body }, person, proof: 'recovery_link' })
}
