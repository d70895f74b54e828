import { describe, expect, test } from 'vitest'
import { resolveUser } from '../../src/flows/named-user.ts'
import { addUser } from '../../src/flows/users/add.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import type { StatementKind } from '../../src/store/db.ts'
import { deviceFor, enrolPasskey, enrolTotp } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'
import { OPERATOR } from '../support/told.ts'

const KINDS = ['known', 'unknown', 'disabled'] as const

async function withUsers(database: 'sqlite' | 'postgres', more = {}): Promise<Authd> {
  const authd = await startAuthd({ database, config: { signup: { policy: 'closed' }, ...more } })
  for (const kind of ['known', 'disabled']) {
    const email = parseEmailAddress(`${kind}@example.com`)
    if (email) await addUser(authd.deps, OPERATOR, { email, name: null, isVerified: true })
  }
  await disableUser(authd.deps, OPERATOR, await resolveUser(authd.deps, 'disabled@example.com'), null)
  return authd
}

/** The statements of the second request for each kind of address, after one-time preparation. */
async function workOf(authd: Authd, ask: (email: string) => Promise<() => Promise<unknown>>) {
  const work: Partial<Record<(typeof KINDS)[number], StatementKind[]>> = {}
  for (const kind of [...KINDS, ...KINDS]) {
    const request = await ask(`${kind}@example.com`)
    authd.takeStatements()
    await request()
    work[kind] = authd.takeStatements()
  }
  return work
}

/** Equal work for all addresses leaves no difference in time to measure. */
describe.each(['sqlite', 'postgres'] as const)('the work for an answer does not tell who exists (%s)', (database) => {
  test('when a mail is asked for', async () => {
    const authd = await withUsers(database)

    const work = await workOf(authd, async (email) => () => authd.browser().post('/v1/signin', { json: { email } }))

    expect(work.known?.length).toBeGreaterThan(5)
    expect(work.unknown).toEqual(work.known)
    expect(work.disabled).toEqual(work.known)
  })

  test('when a wrong code is typed', async () => {
    const authd = await withUsers(database)

    const work = await workOf(authd, async (email) => {
      const begun = await authd.browser().post('/v1/signin', { json: { email } })
      const json = { code: '000000', attempt_token: begun.body.attempt_token }
      return () => authd.browser().post('/v1/signin/code', { json })
    })

    expect(work.known?.length).toBeGreaterThan(3)
    expect(work.unknown).toEqual(work.known)
    expect(work.disabled).toEqual(work.known)
  })

  test('when a passkey is asked for', async () => {
    const authd = await withUsers(database)
    const owner = authd.browser()
    await signInOnPage(authd, owner, 'known@example.com')
    await enrolPasskey(owner, deviceFor(authd))

    const work = await workOf(authd, async (email) => {
      const begun = await authd.browser().post('/v1/signin', { json: { email } })
      const json = { attempt_token: begun.body.attempt_token }
      return () => authd.browser().post('/v1/signin/passkey/options', { json })
    })

    expect(work.known?.length).toBeGreaterThan(3)
    expect(work.unknown).toEqual(work.known)
    expect(work.disabled).toEqual(work.known)
  })

  test('when a passkey that was offered answers wrongly', async () => {
    const authd = await withUsers(database)
    const owner = authd.browser()
    await signInOnPage(authd, owner, 'known@example.com')
    await enrolPasskey(owner, deviceFor(authd))
    const stranger = deviceFor(authd)
    stranger.register((await owner.post('/v1/me/passkeys/options')).body.options)

    const work = await workOf(authd, async (email) => {
      const begun = await authd.browser().post('/v1/signin', { json: { email } })
      const { attempt_token } = begun.body
      const { body } = await authd.browser().post('/v1/signin/passkey/options', { json: { attempt_token } })
      const [{ id: credentialId }] = body.options.allowCredentials
      const credential = stranger.sign(body.options, { credentialId, userHandle: null })
      const json = { challenge_id: body.challenge_id, credential, attempt_token }
      return () => authd.browser().post('/v1/signin/passkey', { json })
    })

    expect(work.known?.length).toBeGreaterThan(3)
    expect(work.unknown).toEqual(work.known)
    expect(work.disabled).toEqual(work.known)
  })

  test('when a code of an authenticator app is the only proof', async () => {
    const authd = await withUsers(database, { totp: { allow_first_factor: true } })
    const owner = authd.browser()
    await signInOnPage(authd, owner, 'known@example.com')
    await enrolTotp(authd, owner)
    const works = []

    for (let tries = 1; tries <= 6; tries += 1) {
      const work = await workOf(authd, async (email) => {
        const begun = await authd.browser().post('/v1/signin', { json: { email } })
        const json = { code: '000000', attempt_token: begun.body.attempt_token }
        return () => authd.browser().post('/v1/signin/totp', { json })
      })
      works.push(work)
    }

    for (const work of works) {
      expect(work.unknown).toEqual(work.known)
      expect(work.disabled).toEqual(work.known)
    }
    expect(works[0]?.known?.length).toBeGreaterThan(5)
    const counted = await authd.deps.db.read((sql) => sql.all("SELECT 1 FROM failed_attempts WHERE kind = 'totp'"))
    expect(counted).toEqual([])
  })
})
