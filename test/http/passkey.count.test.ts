import { expect, test } from 'vitest'
import { insertPasskey } from '../../src/store/passkeys.ts'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser } from '../support/http-client.ts'
import { signInOnPage } from '../support/people.ts'

/** Copies the user's only passkey until there are that many. */
async function fillUp(authd: Authd, browser: Browser, count: number): Promise<void> {
  const { body } = await enrolPasskey(browser, deviceFor(authd))
  const own = { userId: body.session.user_id, publicKey: 'key', counter: 0, transports: [], name: 'copy' }
  await authd.deps.db.write(async (trx) => {
    for (let n = 1; n < count; n += 1) {
      const id = authd.deps.random.id('pk')
      const made = { aaguid: '', isBackupEligible: false, isBackedUp: false, createdAt: authd.clock.now() }
      await insertPasskey(trx, {
        ...own,
        ...made,
        id,
        credentialId: Buffer.from(`credential ${n}`).toString('base64url'),
      })
    }
  })
}

test('a user may have fifty passkeys, and not one more', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  await signInOnPage(authd, browser)
  await fillUp(authd, browser, 49)
  const early = await browser.post('/v1/me/passkeys/options')

  const fiftieth = await enrolPasskey(browser, deviceFor(authd))
  const asked = await browser.post('/v1/me/passkeys/options')
  const credential = deviceFor(authd).register(early.body.options)
  const late = await browser.post('/v1/me/passkeys', { json: { challenge_id: early.body.challenge_id, credential } })

  expect([early.status, fiftieth.status, asked.status, late.status]).toEqual([200, 201, 409, 409])
  expect((await browser.get('/v1/me/passkeys')).body).toHaveLength(50)
})
