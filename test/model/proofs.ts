import { expect } from 'vitest'
import { totpCode } from '../support/factors.ts'
import { hasFactor, isOpen, levelOf, type Person, type Proof, SECOND } from './rules.ts'
import { expectOutcome, type Held, newAttempt, settle } from './sign-in.ts'
import { maySignIn, personAt, type Tab, type World } from './world.ts'

/** A code of the authenticator app, in the newest attempt. `ahead`: how many steps the clock of the phone is. */
export async function proveTotp(
  world: World,
  tab: Tab,
  { of, ahead }: { of: Person; ahead: -1 | 0 | 1 | 2 },
): Promise<void> {
  const secret = world.totpSecrets.get(of.id)
  const held = tab.attempts[0]
  if (!secret || !held || world.wrongs >= 4) return
  const { model } = held
  const code = totpCode(world.authd, secret, ahead)
  const reply = await tab.client.post('/v1/signin/totp', { json: { code } })
  const first = world.isTotpFirst ? personAt(world, model.address) : undefined
  const person = model.person ? personDue(world, held, 'otp') : isOpen(model, world.now) ? first : undefined
  const isAsked = person !== undefined
  const isRight = person === of && takesTotp(world, of, ahead)
  if (!isAsked || !isRight || !maySignIn(world, person.address, person)) {
    if (isAsked) world.wrongs += 1
    expectOutcome(reply, 'refused')
    return
  }
  settle(world, tab, { held, reply, person, proof: 'otp' })
}

/** Who must prove a second factor in an open attempt, if this one is another than the first. */
function personDue({ now }: World, { model }: Held, proof: Proof): Person | undefined {
  const isDue = isOpen(model, now) && levelOf(new Set([...model.proofs, proof])) === 2
  return isDue ? model.person : undefined
}

/** Whether the app's code is accepted. Each step is accepted once: the current one, the one before and the next. */
export function takesTotp(world: World, { totp }: Person, ahead = 0): boolean {
  const current = Math.floor(world.now / (30 * SECOND))
  const step = current + ahead
  if (!totp || Math.abs(ahead) > 1 || totp.spent.has(step)) return false
  totp.spent.add(step)
  return true
}

export async function proveRecoveryCode(world: World, tab: Tab, of: Person): Promise<void> {
  const code = world.recoveryCodes.get(of.id)?.at(-1)
  const held = tab.attempts[0]
  if (!code || !held || world.wrongs >= 4) return
  const reply = await tab.client.post('/v1/signin/recovery-code', { json: { code } })
  const person = personDue(world, held, 'recovery_code')
  const isRight = person === of && of.codes > 0 && hasFactor(of)
  if (isRight) {
    world.recoveryCodes.get(of.id)?.pop()
    of.codes -= 1
  }
  if (!person || !isRight || !maySignIn(world, of.address, of)) {
    if (person) world.wrongs += 1
    expectOutcome(reply, 'refused')
    return
  }
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
  const isRight =
    isExpected && of.passkey !== undefined && world.people.includes(of) && maySignIn(world, of.address, of)
  if (!isRight) {
    expectOutcome(reply, 'refused')
    return
  }
  settle(world, tab, { held, reply, person: of, proof: 'passkey' })
}
