import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const

test.for(DATABASES)(
  'after five wrong codes of a step-up, another mail has a code that works (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    await signInOnPage(authd, browser)
    authd.clock.advance(10 * MINUTE)
    await browser.post('/v1/stepup/email')
    await authd.takeMail()
    for (let nth = 0; nth < 5; nth += 1) await browser.post('/v1/stepup/code', { json: { code: '000000' } })
    authd.clock.advance(MINUTE)

    await browser.post('/v1/stepup/email')
    const code = (await authd.takeProofMail())?.values['code']
    const done = await browser.post('/v1/stepup/code', { json: { code } })

    expect(done.status).toBe(200)
  },
)
