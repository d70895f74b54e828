import { expect } from 'vitest'
import { totpCode } from '../support/factors.ts'
import type { Reply } from '../support/http-client.ts'
import { isAccepted } from './mail.ts'
import {
  type Attempt,
  type Due,
  dueAfter,
  hasFactor,
  isAhead,
  isLive,
  isOpen,
  levelOf,
  MINUTE,
  type Person,
  type Proof,
  SECOND,
} from './rules.ts'
import { ADDRESSES, beginSession, forgetDevices, personAt, type Tab, type World } from './world.ts'

export type Outcome = 'refused' | 'complete' | 'factor_required'

/** Begins a sign-in for an address, and takes the mail that arrives. */
export async function begin(world: World, tab: Tab, address: number): Promise<void> {
  const { now } = world
  const newest = tab.attempts.find(
    ({ model }) => model.address === address && model.proofs.size === 0 && isOpen(model, now),
  )
  const reply = await tab.client.post('/v1/signin', { json: { email: ADDRESSES[address], deliver: 'cookie' } })
  if (!isAccepted(world, reply, { tab, address })) return
  expect(reply.status).toBe(201)
  const held = newest ?? { model: newAttempt(world, address), token: '', code: undefined, link: undefined }
  held.token = reply.body.attempt_token
  tab.attempts = [held, ...tab.attempts.filter((each) => each !== held)].slice(0, 3)
  await takeMail(world, held)
}

export function newAttempt(world: World, address: number | undefined): Attempt {
  const { now } = world
  const attempt: Attempt = {
    ...{ address, person: undefined, proofs: new Set<Proof>(), begunAt: now, mailedAt: undefined },
    ...{ endsAt: now + 10 * MINUTE, isSpent: false, tries: 0, isOver: false },
  }
  world.attempts.push(attempt)
  return attempt
}

/** Which mail arrived says authd. Whether one may arrive says the model. */
async function takeMail(world: World, held: Tab['attempts'][number]): Promise<void> {
  const { now } = world
  const { model } = held
  const isDue =
    !model.isSpent &&
    (model.mailedAt === undefined || now - model.mailedAt >= 30 * SECOND || isAhead(model.mailedAt, now))
  const mail = (await world.authd.takeMail()).filter(({ template }) => template === 'signin').at(-1)
  const person = personAt(world, model.address)
  const mayArrive = isDue && !world.isLockedDown && !person?.isDisabled
  if (mail) expect({ mayArrive, to: mail.to }).toEqual({ mayArrive: true, to: ADDRESSES[model.address ?? 0] })
  if (!isDue) return
  if (mayArrive) expect(mail).toBeDefined()
  Object.assign(model, { mailedAt: now, endsAt: Math.min(now + 10 * MINUTE, model.begunAt + 30 * MINUTE) })
  held.code = mail?.values['code']
  held.link = mail && (new URL(mail.values['link'] ?? '').searchParams.get('token') ?? undefined)
}

/** Another mail for the newest attempt. One that has a proof gets none. */
export async function askAgain(world: World, tab: Tab): Promise<void> {
  const held = tab.attempts[0]
  const address = held?.model.address
  if (!held || address === undefined) return
  const { model } = held
  const reply = await tab.client.post('/v1/signin/email', { json: {} })
  const mayMail = isOpen(model, world.now) && !model.isSpent && model.proofs.size === 0
  if (reply.status !== 202) return
  expect(mayMail).toBe(true)
  isAccepted(world, reply, { tab, address })
  await takeMail(world, held)
}

/** Types the code of the last mail, or a wrong one. */
export async function typeCode(world: World, tab: Tab, isRight: boolean): Promise<void> {
  const held = tab.attempts[0]
  if (!held) return
  const { model } = held
  if (!isRight && world.wrongs >= 4) return
  const code = isRight ? held.code : '000000'
  if (code === undefined || (!isRight && held.code === '000000')) return
  const canTry = isOpen(model, world.now) && !model.isSpent && model.tries < 5 && model.mailedAt !== undefined
  if (canTry) model.tries += 1
  if (!isRight) world.wrongs += 1
  const reply = await tab.client.post('/v1/signin/code', { json: { code } })
  await afterFirstProof(world, tab, { held, reply, isProven: canTry && isRight })
}

export async function openLink(world: World, tab: Tab, from: Tab): Promise<void> {
  const held = from.attempts[0]
  if (held?.link === undefined) return
  const { model } = held
  const reply = await tab.client.post('/v1/signin/link', { json: { token: held.link, attempt_token: held.token } })
  const canTry = isOpen(model, world.now) && !model.isSpent
  if (tab.attempts.every(({ model: own }) => own !== model)) {
    const said = reply.status === 200 ? reply.body.status : 'refused'
    expect(said).toBe(canTry ? 'continue_elsewhere' : 'refused')
    return
  }
  await afterFirstProof(world, tab, { held, reply, isProven: canTry })
}

async function afterFirstProof(
  world: World,
  tab: Tab,
  { held, reply, isProven }: { held: Tab['attempts'][number]; reply: Reply; isProven: boolean },
): Promise<void> {
  const { model } = held
  if (!isProven || model.address === undefined) {
    expectOutcome(reply, 'refused')
    return
  }
  model.isSpent = true
  const known = personAt(world, model.address)
  if (!known && world.isLockedDown) {
    expectOutcome(reply, 'refused')
    return
  }
  const person = known ?? newPerson(world, model.address)
  if (person.isDisabled) {
    expectOutcome(reply, 'refused')
    return
  }
  if (!person.wasVerified) dropUnproven(world, person)
  Object.assign(person, { isVerified: true, wasVerified: true })
  settle(world, tab, { held, reply, person, proof: 'email' })
}

/** The first proof of an address drops what was enrolled while none had ever been proven. */
export function dropUnproven(world: World, person: Person): void {
  Object.assign(person, { hasPasskey: false, totp: undefined, codes: 0 })
  for (const session of world.sessions) if (session.person === person) session.isOver = true
  forgetDevices(world, person)
}

export function newPerson(world: World, address: number): Person {
  const person: Person = {
    ...{ id: '', address, isVerified: true, wasVerified: true, isDisabled: false, policy: null },
    ...{ hasPasskey: false, totp: undefined, codes: 0 },
  }
  world.people.push(person)
  return person
}

/** Adds a proof to an attempt: it completes, or another proof is due. */
export function settle(
  world: World,
  tab: Tab,
  { held, reply, person, proof }: { held: Tab['attempts'][number]; reply: Reply; person: Person; proof: Proof },
): void {
  const { model } = held
  const proofs = new Set([...model.proofs, proof])
  const due: Due = dueAfter(proofs, person, world.policy)
  if (due === 'factor') {
    Object.assign(model, { person, proofs, endsAt: Math.max(model.endsAt, world.now + 5 * MINUTE) })
    expectOutcome(reply, 'factor_required')
    return
  }
  expectOutcome(reply, 'complete')
  expect(reply.body.session.aal).toBe(levelOf(proofs))
  model.isOver = true
  tab.attempts = tab.attempts.filter((each) => each !== held)
  if (tab.session && isLive(tab.session, world.now)) tab.session.isOver = true
  if (person.id === '') person.id = reply.body.session.user_id
  tab.known.add(person)
  tab.session = beginSession(world, { person, proofs })
}

function expectOutcome(reply: Reply, wanted: Outcome): void {
  const said = reply.status === 200 ? reply.body.status : 'refused'
  expect({ said, status: reply.status, code: reply.body.code }).toMatchObject({ said: wanted })
}

/** A code of the authenticator app, in the newest attempt. */
export async function proveTotp(world: World, tab: Tab, of: Person): Promise<void> {
  const secret = world.totpSecrets.get(of.id)
  const held = tab.attempts[0]
  if (!secret || !held || world.wrongs >= 4) return
  const code = totpCode(world.authd, secret)
  const reply = await tab.client.post('/v1/signin/totp', { json: { code } })
  const { person } = held.model
  const isAsked = isOpen(held.model, world.now) && person !== undefined && !person.isDisabled
  const isRight = isAsked && person === of && takesTotp(world, of)
  if (!isRight) {
    world.wrongs += 1
    expectOutcome(reply, 'refused')
    return
  }
  settle(world, tab, { held, reply, person, proof: 'otp' })
}

/** Whether the app's code of now is accepted. Each step is accepted once. */
export function takesTotp(world: World, { totp }: Person): boolean {
  const step = Math.floor(world.now / (30 * SECOND))
  if (!totp || totp.lastStep === step) return false
  // A later step was accepted while the clock was ahead. Only far away is it the clock's fault.
  if (totp.lastStep > step && totp.lastStep <= step + 2) return false
  totp.lastStep = step
  return true
}

export async function proveRecoveryCode(world: World, tab: Tab, of: Person): Promise<void> {
  const code = world.recoveryCodes.get(of.id)?.at(-1)
  const held = tab.attempts[0]
  if (!code || !held || world.wrongs >= 4) return
  const reply = await tab.client.post('/v1/signin/recovery-code', { json: { code } })
  const { person } = held.model
  const isAsked = isOpen(held.model, world.now) && person !== undefined && !person.isDisabled
  if (!isAsked || person !== of || of.codes === 0 || !hasFactor(of)) {
    world.wrongs += 1
    expectOutcome(reply, 'refused')
    return
  }
  world.recoveryCodes.get(of.id)?.pop()
  of.codes -= 1
  settle(world, tab, { held, reply, person, proof: 'recovery_code' })
}

/** A passkey, in the newest attempt of the browser or in a new one without an address. */
export async function provePasskey(world: World, tab: Tab, of: Person, isFresh: boolean): Promise<void> {
  const device = world.devices.get(of.id)
  if (!device) return
  if (isFresh) {
    const begun = await tab.client.post('/v1/signin', { json: { deliver: 'cookie' } })
    const made = {
      model: newAttempt(world, undefined),
      token: begun.body.attempt_token,
      code: undefined,
      link: undefined,
    }
    tab.attempts = [made, ...tab.attempts].slice(0, 3)
  }
  const held = tab.attempts[0]
  if (!held) return
  const { model } = held
  const asked = await tab.client.post('/v1/signin/passkey/options', { json: {} })
  expect(asked.status).toBe(isOpen(model, world.now) ? 200 : 410)
  if (asked.status !== 200) return
  const json = { challenge_id: asked.body.challenge_id, credential: device.sign(asked.body.options) }
  const reply = await tab.client.post('/v1/signin/passkey', { json })
  const isExpected = model.person ? model.person === of : model.address === undefined || model.address === of.address
  const isRight = isExpected && of.hasPasskey && !of.isDisabled && world.people.includes(of)
  if (!isRight) {
    expectOutcome(reply, 'refused')
    return
  }
  settle(world, tab, { held, reply, person: of, proof: 'passkey' })
}
