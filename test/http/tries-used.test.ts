import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, askOnPage, signInOnPage } from '../support/people.ts'

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

test.for(DATABASES)(
  'after five wrong codes of a sign-in, "send again" brings a code that works (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    const browser = authd.browser()
    const first = await askOnPage(authd, browser)
    for (let nth = 0; nth < 5; nth += 1) {
      await browser.post('/signin/code', { form: { attempt: first.attempt, code: '000000' } })
    }
    authd.clock.advance(MINUTE)

    const sent = await browser.post('/signin', { form: { attempt: first.attempt, email: ADA } })
    const attempt = new URL(sent.headers.get('Location') ?? '', authd.url).searchParams.get('attempt') ?? ''
    const code = (await authd.takeProofMail())?.values['code'] ?? ''
    const done = await browser.post('/signin/code', { form: { attempt, code } })

    expect(done.status).toBe(303)
    expect((await browser.get('/v1/session')).status).toBe(200)
  },
)
