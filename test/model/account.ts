import { expect } from 'vitest'
import { notYouLink } from '../../src/flows/sessions/not-you.ts'
import { deviceFor, totpCode } from '../support/factors.ts'
import type { Reply } from '../support/http-client.ts'
import { isOwnAccepted } from './mail.ts'
import { takesTotp } from './proofs.ts'
import { dueOf, hasFactor, isFresh, isLive, levelOf, type Person, type Proof, type Session } from './rules.ts'
import {
  dropFactor,
  endAttemptsFor,
  endInvitations,
  endRecoveryLinks,
  endSessions,
  forgetDevices,
  forgetProofs,
  type Tab,
  touch,
  type World,
} from './world.ts'

/** What a change of the account must answer, if its session is neither over nor short of anything. */
export function refusalOf(world: World, session: Session | undefined, mayEnrol = false): string | undefined {
  if (!session || !isLive(session, world.now)) return 'UNAUTHORIZED'
  touch(world, session)
  const due = dueOf(session, world.policy)
  if (due === 'enrolment' && !mayEnrol) return 'ENROLMENT_REQUIRED'
  if (due === 'factor' || !isFresh(session, world.now)) return 'STEP_UP_REQUIRED'
  return undefined
}

export function expectRefusal(reply: Reply, refusal: string | undefined): void {
  expect({ code: reply.body?.code, status: reply.status }).toMatchObject({ code: refusal })
}

/** A proof in a live session. */
function stepUp(world: World, session: Session, proof: Proof): void {
  session.proofs.add(proof)
  session.provenAt = world.now
}

export async function enrolPasskey(world: World, tab: Tab): Promise<void> {
  const { session } = tab
  if (session?.person.passkey) return
  const refusal = refusalOf(world, session, true)
  const asked = await tab.client.post('/v1/me/passkeys/options')
  expectRefusal(asked, refusal)
  if (refusal !== undefined || !session) return
  const device = deviceFor(world.authd)
  const json = { challenge_id: asked.body.challenge_id, credential: device.register(asked.body.options) }
  expect((await tab.client.post('/v1/me/passkeys', { json })).status).toBe(201)
  world.devices.set(session.person.id, device)
  session.person.passkey = { since: world.now }
  stepUp(world, session, 'passkey')
}

export async function enrolTotp(world: World, tab: Tab): Promise<void> {
  const { session } = tab
  const refusal = refusalOf(world, session, true)
  const asked = await tab.client.post('/v1/me/totp')
  expectRefusal(asked, refusal)
  if (refusal !== undefined || !session) return
  const { secret } = asked.body
  const done = await tab.client.post('/v1/me/totp/confirm', { json: { code: totpCode(world.authd, secret) } })
  expect(done.status).toBe(200)
  useApp(world, session, { secret, codes: done.body.recovery_codes })
}

/** Where the pages lead when the API refuses. */
const LEADS_TO: Record<string, string> = {
  UNAUTHORIZED: '/signin?notice=ended',
  ENROLMENT_REQUIRED: '/account/enrol',
  STEP_UP_REQUIRED: '/account/confirm?next=%2Faccount%2Ftotp',
}

/** The same on the pages, which ask the same of a session. */
export async function enrolTotpOnPages(world: World, tab: Tab): Promise<void> {
  const { session, client } = tab
  const refusal = refusalOf(world, session, true)
  const asked = await client.post('/account/totp/setup', { form: {} })
  expect(asked.headers.get('location')).toBe(refusal === undefined ? '/account/totp/setup' : LEADS_TO[refusal])
  if (refusal !== undefined || !session) return
  const [shown = ''] = /(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}/.exec((await client.get('/account/totp/setup')).body) ?? []
  const secret = shown.replaceAll(' ', '')
  const done = await client.post('/account/totp', { form: { code: totpCode(world.authd, secret) } })
  expect(done.status).toBe(303)
  const to = done.headers.get('location') ?? ''
  const codes = to.includes('/recovery-codes/') ? (await client.get(to)).body.match(/\w{4}(-\w{4}){5}/g) : undefined
  useApp(world, session, { secret, codes: codes && [...new Set<string>(codes)] })
}

function useApp(
  world: World,
  session: Session,
  { secret, codes }: { secret: string; codes: string[] | undefined },
): void {
  const { person } = session
  world.totpSecrets.set(person.id, secret)
  if (person.totp) forgetProofs(world, person, ['otp', 'recovery_code'], session)
  person.totp = { since: world.now, spent: new Set([Math.floor(world.now / 30_000)]) }
  keepCodes(world, person, codes)
  stepUp(world, session, 'otp')
}

function keepCodes(world: World, person: Person, codes: string[] | undefined): void {
  expect(codes === undefined).toBe(person.codes > 0)
  if (codes === undefined) return
  Object.assign(person, { codes: codes.length, codesSince: world.now })
  world.recoveryCodes.set(person.id, codes)
}

export async function remakeCodes(world: World, tab: Tab): Promise<void> {
  const { session } = tab
  const refusal = refusalOf(world, session) ?? (session && !hasFactor(session.person) ? 'CONFLICT' : undefined)
  const reply = await tab.client.post('/v1/me/recovery-codes')
  expectRefusal(reply, refusal)
  if (refusal !== undefined || !session) return
  const { codes } = reply.body
  Object.assign(session.person, { codes: codes.length, codesSince: world.now })
  forgetProofs(world, session.person, ['recovery_code'], session)
  world.recoveryCodes.set(session.person.id, codes)
}

/** Tries a change with the token of a cookie, which could not go on with the new secret. */
export async function changeByCookieToken(world: World, tab: Tab): Promise<void> {
  const { session, client } = tab
  const issued = await client.post('/v1/token')
  if (session && isLive(session, world.now)) touch(world, session)
  if (issued.status !== 200) return
  const reply = await client.post('/v1/me/recovery-codes', { bearer: issued.body.access_token })
  expectRefusal(reply, 'FORBIDDEN')
}

export async function removeFactor(world: World, tab: Tab, factor: 'passkey' | 'totp'): Promise<void> {
  const { session } = tab
  const person = session?.person
  if (person === undefined || !person[factor]) return
  const refusal = refusalOf(world, session)
  const isLast = !person[factor === 'passkey' ? 'totp' : 'passkey']
  const isRequired = (person.policy ?? world.policy) === 'required'
  const id = factor === 'passkey' ? (await tab.client.get('/v1/me/passkeys')).body[0]?.id : undefined
  const path = factor === 'passkey' ? `/v1/me/passkeys/${id ?? 'pk_01m88jw08vedqtrgrr9eqkmg57'}` : '/v1/me/totp'
  const reply = await tab.client.send('DELETE', path)
  const wanted = refusal ?? (isLast && isRequired ? 'LAST_FACTOR' : undefined)
  expectRefusal(reply, wanted)
  if (wanted !== undefined) return
  dropFactor(world, person, factor)
}

export async function stepUpWith(world: World, tab: Tab, proof: Exclude<Proof, 'recovery_link'>): Promise<void> {
  const { session } = tab
  if (!session) return
  const { person } = session
  const { client } = tab
  const isIn = isLive(session, world.now)
  if (isIn) touch(world, session)
  // A mail counts without a factor, or as the first proof beside a code that is alone.
  const isMailMissing =
    (session.proofs.has('otp') || session.proofs.has('recovery_code')) && levelOf(session.proofs) === 1
  const isTaken = proof === 'email' ? !hasFactor(person) || isMailMissing : proof !== 'passkey' || !!person.passkey
  if (proof === 'email') {
    const asked = await client.post('/v1/stepup/email')
    if (!isIn || !isTaken) return expectRefusal(asked, isIn ? 'STEP_UP_REQUIRED' : 'UNAUTHORIZED')
    if (!isOwnAccepted(world, asked, session)) return
    const code = (await world.authd.takeMail()).filter(({ template }) => template === 'stepup').at(-1)?.values['code']
    if (code === undefined) return
    const reply = await client.post('/v1/stepup/code', { json: { code } })
    expect(reply.status).toBe(200)
    return stepUp(world, session, 'email')
  }
  if (proof === 'passkey') {
    const device = world.devices.get(person.id)
    const asked = await client.post('/v1/stepup/passkey/options')
    if (!isIn) return expectRefusal(asked, 'UNAUTHORIZED')
    if (!device) return
    const json = { challenge_id: asked.body.challenge_id, credential: device.sign(asked.body.options) }
    const reply = await client.post('/v1/stepup/passkey', { json })
    expectRefusal(reply, isTaken ? undefined : 'INVALID_CREDENTIALS')
    if (isTaken) stepUp(world, session, 'passkey')
    return
  }
  await stepUpByCode(world, tab, { session, proof, isIn })
}

async function stepUpByCode(
  world: World,
  { client }: Tab,
  { session, proof, isIn }: { session: Session; proof: 'otp' | 'recovery_code'; isIn: boolean },
): Promise<void> {
  const { person } = session
  const secret = world.totpSecrets.get(person.id)
  const code = proof === 'otp' ? secret && totpCode(world.authd, secret) : world.recoveryCodes.get(person.id)?.at(-1)
  if (!code || world.wrongs >= 4) return
  const path = proof === 'otp' ? '/v1/stepup/totp' : '/v1/stepup/recovery-code'
  const reply = await client.post(path, { json: { code } })
  if (!isIn) return expectRefusal(reply, 'UNAUTHORIZED')
  if (levelOf(new Set([...session.proofs, proof])) < 2) return expectRefusal(reply, 'STEP_UP_REQUIRED')
  const isRight = proof === 'otp' ? takesTotp(world, person) : person.codes > 0
  expectRefusal(reply, isRight ? undefined : 'INVALID_CREDENTIALS')
  if (!isRight) {
    world.wrongs += 1
    return
  }
  if (proof === 'recovery_code') {
    world.recoveryCodes.get(person.id)?.pop()
    person.codes -= 1
  }
  stepUp(world, session, proof)
}

export async function signOut(world: World, tab: Tab, scope: 'current' | 'others' | 'all'): Promise<void> {
  const { session } = tab
  const reply = await tab.client.post(`/v1/logout?scope=${scope}`)
  const isIn = session !== undefined && isLive(session, world.now)
  expect(reply.status).toBe(isIn ? 204 : 401)
  if (!isIn) return
  endSessions(world, (each) => {
    if (scope === 'current') return each === session
    return each.person === session.person && (scope === 'all' || each !== session)
  })
  if (scope === 'all') forgetDevices(world, session.person)
}

/** Somebody presses the button of the mail about the sign-in in `other`. */
export async function disown(world: World, tab: Tab, other: Tab): Promise<void> {
  const { session } = other
  const id = /^ses_\w+/.exec(other.client.cookies.get('authd') ?? '')?.[0]
  if (!session || id === undefined) return
  const token = new URL(notYouLink(world.authd.deps, id)).searchParams.get('token') ?? ''
  const reply = await tab.client.post('/not-you', { form: { token, answer: 'not_me' } })
  const isIn = isLive(session, world.now)
  expect(reply.status).toBe(isIn ? 303 : 410)
  if (!isIn) return
  endSessions(world, (each) => each === session)
  forgetDevices(world, session.person)
}

export async function deleteAccount(world: World, tab: Tab): Promise<void> {
  const { session } = tab
  const refusal = refusalOf(world, session)
  const reply = await tab.client.send('DELETE', '/v1/me')
  expectRefusal(reply, refusal)
  if (refusal === undefined && session) forget(world, session.person)
}

/** What ends with a person. */
export function forget(world: World, person: Person): void {
  forgetDevices(world, person)
  endSessions(world, (each) => each.person === person)
  endAttemptsFor(world, person.address)
  for (const attempt of world.attempts) if (attempt.person === person) attempt.isOver = true
  for (const change of world.changes) if (change.person === person) change.isOver = true
  endInvitations(world, person)
  endRecoveryLinks(world, person)
  world.people = world.people.filter((each) => each !== person)
}
