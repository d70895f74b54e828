import { expect, test } from 'vitest'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { disableUsers } from '../../src/flows/users/disable.ts'
import { DAY } from '../../src/platform/clock.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { askPasskey, deviceFor, enrolPasskey, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { ADA, signInOnPage } from '../support/people.ts'

const BOB = 'bob@example.com'
const NOBODIES = Array.from({ length: 30 }, (_, n) => `nobody${n}@example.com`)

interface Credential {
  id: string
  type: string
}

async function allowedFor(authd: Authd, email: string): Promise<Credential[]> {
  return (await askPasskey(authd.browser(), email)).options.allowCredentials
}

/** What an unknown client sees, except random values and the ids of passkeys. */
async function shapeFor(authd: Authd, email: string) {
  const { challenge_id: id, options, ...rest } = await askPasskey(authd.browser(), email)
  const { challenge, allowCredentials, ...asked } = options
  const members = (allowCredentials as Credential[]).map((one) => Object.keys(one).join())
  return { ...rest, ...asked, id: id.length, challenge: challenge.length, members: [...new Set(members)] }
}

test('the options look alike for a user with a passkey, one without, a disabled one and an unknown address', async () => {
  const authd = await startAuthd()
  await withPasskey(authd)
  await signInOnPage(authd, authd.browser(), BOB)
  await withPasskey(authd, { email: 'gone@example.com' })
  await disableUsers(authd.deps, SYSTEM, { names: ['gone@example.com'], reason: null })

  const known = await shapeFor(authd, ADA)
  const others = [
    await shapeFor(authd, BOB),
    await shapeFor(authd, 'gone@example.com'),
    await shapeFor(authd, 'nobody@example.com'),
  ]

  expect(known).toMatchObject({ rpId: 'localhost', userVerification: 'required', members: ['id,type'] })
  expect(others).toEqual([known, known, known])
})

test('an unknown address appears to have some passkeys of its own, with ids of real lengths', async () => {
  const authd = await startAuthd()

  const allowed = await Promise.all(NOBODIES.map((email) => allowedFor(authd, email)))
  const ids = allowed.flat().map(({ id }) => id)

  expect(allowed.map(({ length }) => length)).toEqual(expect.arrayContaining([1, 2, 3]))
  expect(ids.map((id) => Buffer.from(id, 'base64url').length)).toEqual(expect.arrayContaining([16, 20, 32]))
  expect(new Set(ids).size).toBe(ids.length)
})

test.each([
  ['an unknown address', 'nobody@example.com'],
  ['a user without passkeys', BOB],
  ['a user with one', ADA],
])('the passkeys of %s stay the same a day later, from another process, in capitals', async (_, email) => {
  const authd = await startAuthd()
  await withPasskey(authd)
  await signInOnPage(authd, authd.browser(), BOB)
  const first = await allowedFor(authd, email)

  authd.clock.advance(DAY)
  const later = await allowedFor(await authd.another(), email.toUpperCase())

  expect(first.length).toBeGreaterThan(0)
  expect(later).toEqual(first)
})

test('an address that becomes a user without passkeys keeps its imaginary ones', async () => {
  const authd = await startAuthd()
  const asNobody = await allowedFor(authd, BOB)
  await signInOnPage(authd, authd.browser(), BOB)

  expect(await allowedFor(authd, BOB)).toEqual(asNobody)
})

test('disabling a user changes nothing that others can see', async () => {
  const authd = await startAuthd()
  const { device } = await withPasskey(authd)
  const before = await allowedFor(authd, ADA)
  await disableUsers(authd.deps, SYSTEM, { names: [ADA], reason: null })

  expect(before).toEqual([{ id: device.credentialId, type: 'public-key' }])
  expect(await allowedFor(authd, ADA)).toEqual(before)
})

test('another deployment has other imaginary passkeys for the same address', async () => {
  const authd = await startAuthd()
  const here = await allowedFor(authd, 'nobody@example.com')
  authd.deps.keys = keysFrom(Buffer.from('the server secret of another deployment'), authd.deps.random)

  const there = await allowedFor(authd, 'nobody@example.com')

  expect(there.length).toBeGreaterThan(0)
  expect(there).not.toEqual(here)
})

test('without an address no passkey is named', async () => {
  const authd = await startAuthd()
  await withPasskey(authd)

  const { options } = await askPasskey(authd.browser())

  expect(options.allowCredentials ?? []).toEqual([])
})

test('a page that refuses a passkey is the same for the real id of a user and for an imaginary one', async () => {
  const authd = await startAuthd()
  await withPasskey(authd)
  const ids = [...(await allowedFor(authd, ADA)), ...(await allowedFor(authd, 'nobody@example.com'))].map(
    ({ id }) => id,
  )

  const pages = await Promise.all(
    ids.map(async (id) => {
      const form = { attempt: '', challenge_id: 'x', credential: JSON.stringify({ id }) }
      const { status, body } = await authd.browser().post('/signin/passkey', { form })
      // Each form has its own id, and each page its own challenge.
      return `${status} ${body.replace(/(name="once" value|data-asked)="[^"]+"/g, '$1')}`
    }),
  )

  expect(ids.length).toBeGreaterThan(1)
  expect(pages[0]).toMatch(/^401 /)
  expect(new Set(pages).size).toBe(1)
})

test.each(['sqlite', 'postgres'] as const)(
  'the ids of the options are refused at enrolment alike, real or imaginary (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await withPasskey(authd)
    await signInOnPage(authd, authd.browser(), BOB)
    const eve = authd.browser()
    await signInOnPage(authd, eve, 'eve@example.com')
    const offered = await Promise.all([ADA, BOB, ...NOBODIES].map((email) => allowedFor(authd, email)))
    const work = []

    for (const { id: credentialId } of offered.flat().slice(0, 12)) {
      const { options, challenge_id } = (await eve.post('/v1/me/passkeys/options')).body
      const credential = deviceFor(authd).register(options, { credentialId })
      authd.takeStatements()
      const { status, body } = await eve.post('/v1/me/passkeys', { json: { challenge_id, credential } })
      work.push([status, body.code, authd.takeStatements()].join())
    }

    expect(work[0]).toMatch(/^400,PASSKEY_NOT_ACCEPTED/)
    expect(new Set(work).size).toBe(1)
    expect((await enrolPasskey(eve, deviceFor(authd))).status).toBe(201)
  },
)
