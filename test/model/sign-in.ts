import { expect } from 'vitest'
import type { Reply } from '../support/http-client.ts'
import { isAccepted } from './mail.ts'
import {
  type Attempt,
  type Due,
  dueAfter,
  isAhead,
  isLive,
  isOpen,
  levelOf,
  MINUTE,
  type Person,
  type Proof,
  SECOND,
} from './rules.ts'
import {
  ADDRESSES,
  beginSession,
  type HeldAttempt,
  type Invitation,
  isInForce,
  maySignIn,
  newPerson,
  personAt,
  type Tab,
  verify,
  type World,
} from './world.ts'

export type Outcome = 'refused' | 'complete' | 'factor_required'

export type Held = HeldAttempt

/** Begins a sign-in for an address, and takes the mail that arrives. */
export async function begin(world: World, tab: Tab, address: number): Promise<void> {
  const newest = newestFor(world, tab, address)
  const reply = await tab.client.post('/v1/signin', { json: { email: ADDRESSES[address], deliver: 'cookie' } })
  if (!isAccepted(world, reply, { tab, address })) return
  expect(reply.status).toBe(201)
  await hold(world, tab, { address, newest, token: reply.body.attempt_token })
}

/** Accepts an invitation, which begins a sign-in as if its address had been typed. */
export async function acceptInvitation(world: World, tab: Tab, invitation: Invitation): Promise<void> {
  const { person, token } = invitation
  const { address } = person
  const newest = newestFor(world, tab, address)
  const reply = await tab.client.post('/invite', { form: { token } })
  if (!isInForce(world, invitation) || person.isDisabled) return expect(reply.status).toBe(410)
  if (!isAccepted(world, reply, { tab, address })) return
  expect(reply.status).toBe(303)
  const [held = ''] = (tab.client.cookies.get('authd-attempt') ?? '').split('~')
  await hold(world, tab, { address, newest, token: held })
}

/** The same address in the same browser continues the attempt that waits for its first proof. */
const newestFor = ({ now }: World, { attempts }: Tab, address: number): Held | undefined =>
  attempts.find(
    ({ model }) => model.address === address && model.proofs.size === 0 && !model.isSpent && isOpen(model, now),
  )

async function hold(
  world: World,
  tab: Tab,
  { address, newest, token }: { address: number; newest: Held | undefined; token: string },
): Promise<void> {
  const held = newest ?? { model: newAttempt(world, address), token, code: undefined, link: undefined }
  held.token = token
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
async function takeMail(world: World, held: Held): Promise<void> {
  const { now } = world
  const { model } = held
  const isDue =
    !model.isSpent &&
    (model.mailedAt === undefined || now - model.mailedAt >= 30 * SECOND || isAhead(model.mailedAt, now))
  const mail = (await world.authd.takeMail()).filter(({ template }) => template === 'signin').at(-1)
  const mayArrive = isDue && !world.isLockedDown && maySignIn(world, model.address ?? 0)
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
  const shown = `code ${code}`
  if (canTry) model.tries += 1
  if (!isRight) world.wrongs += 1
  const reply = await tab.client.post('/v1/signin/code', { json: { code } })
  await afterFirstProof(world, tab, { held, reply, shown, isProven: canTry && isRight })
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
  await afterFirstProof(world, tab, { held, reply, shown: `link ${held.link}`, isProven: canTry })
}

/** Sends the code of another browser's attempt and its token. Only that browser's cookie holds it, also for a repetition. */
export async function typeCodeElsewhere(tab: Tab, held: HeldAttempt | undefined): Promise<void> {
  if (held?.code === undefined || [...tab.attempts, tab.completed].includes(held)) return
  const json = { code: held.code, attempt_token: held.token }
  expectOutcome(await tab.client.post('/v1/signin/code', { json }), 'refused')
}

/** How long a repeated proof gets the answer of the first. */
const REPEATABLE_MS = 10 * SECOND

async function afterFirstProof(
  world: World,
  tab: Tab,
  { held, reply, shown, isProven }: { held: Held; reply: Reply; shown: string; isProven: boolean },
): Promise<void> {
  const { model, answered } = held
  if (answered?.shown === shown && Math.abs(world.now - answered.at) <= REPEATABLE_MS) {
    expectOutcome(reply, 'factor_required')
    return
  }
  if (!isProven || model.address === undefined) {
    expectOutcome(reply, 'refused')
    return
  }
  model.isSpent = true
  if (!maySignIn(world, model.address)) {
    expectOutcome(reply, 'refused')
    return
  }
  const person = personAt(world, model.address) ?? newPerson(world, model.address, { id: '', isVerified: true })
  if (!person.isVerified) verify(world, person)
  settle(world, tab, { held, reply, person, proof: 'email' })
  held.answered = { shown, at: world.now }
}

/** Adds a proof to an attempt: it completes, or another proof is due. */
export function settle(
  world: World,
  tab: Tab,
  { held, reply, person, proof }: { held: Held; reply: Reply; person: Person; proof: Proof },
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
  tab.completed = held
  if (tab.session && isLive(tab.session, world.now)) tab.session.isOver = true
  if (person.id === '') person.id = reply.body.session.user_id
  tab.known.add(person)
  tab.session = beginSession(world, { person, proofs })
}

export function expectOutcome(reply: Reply, wanted: Outcome): void {
  const said = reply.status === 200 ? reply.body.status : 'refused'
  expect({ said, status: reply.status, code: reply.body.code }).toMatchObject({ said: wanted })
}
