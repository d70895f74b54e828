import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { enrolTotp, totpCode } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { ADA, askForCode, askOnPage, signInOnPage } from '../support/people.ts'

/** What people paste along with a code. */
const PASTED: Record<string, (code: string) => string> = {
  'the subject of the mail': (code) => `${code} is your Example sign-in code`,
  'the German subject': (code) => `${code} ist Ihr Code für Example`,
  'a label': (code) => `Code: ${code}`,
  brackets: (code) => `(${code})`,
  'marks of a text mail': (code) => `*${code}*`,
  'a quoted line': (code) => `> ${code}\r\n`,
  'a slash': (code) => `${code.slice(0, 3)}/${code.slice(3)}`,
  'the paragraph around it': (code) =>
    `Type this code where you started to sign in.\n\n    ${code}\n\nIt can be used once, within 10 minutes.`,
}

test.for(Object.entries(PASTED))('a code is found in %s', async ([, paste]) => {
  const authd = await startAuthd()
  const { attemptToken, code } = await askForCode(authd)

  const { status } = await authd.browser().post('/v1/signin/code', {
    json: { code: paste(code), attempt_token: attemptToken },
  })

  expect(status).toBe(200)
})

const NO_CODES = ['', ' ', '12345', '1234567', '12345 and 1234567', '123456 or 654321', 'sign me in']

test('what cannot be a code costs no try, and the page asks for the whole code', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { attempt, code } = await askOnPage(authd, browser)

  const shown = []
  for (const typed of NO_CODES) {
    const { status, body } = await browser.post('/signin/code', { form: { attempt, code: typed } })
    shown.push([status, body.includes('That is not a whole code.')])
  }
  const right = await browser.post('/signin/code', { form: { attempt, code } })

  expect(shown).toEqual(NO_CODES.map(() => [400, true]))
  expect(right.status).toBe(303)
  expect((await authd.auditLog()).map(({ eventType }) => eventType)).not.toContain('user.authentication_failed')
})

test('what cannot be a code of the authenticator app costs no try', async () => {
  const authd = await startAuthd()
  const { secret } = await enrolTotp(authd, await signedIn(authd))
  authd.clock.advance(MINUTE)
  const browser = authd.browser()
  const { attempt, code } = await askOnPage(authd, browser)
  await browser.post('/signin/code', { form: { attempt, code } })
  const answer = (typed: string) => browser.post('/signin/factor', { form: { attempt, method: 'totp', code: typed } })

  const shown = []
  for (const typed of NO_CODES) {
    const { status, body } = await answer(typed)
    shown.push([status, body.includes('That is not a whole code.')])
  }
  const right = await answer(`${totpCode(authd, secret)} (Example)`)

  expect(shown).toEqual(NO_CODES.map(() => [400, true]))
  expect(right.status).toBe(303)
})

test('after five wrong codes the page says that no code works, and where to go on', async () => {
  const authd = await startAuthd()
  const browser = authd.browser()
  const { attempt, code, link } = await askOnPage(authd, browser)
  const wrong = code === '000000' ? '111111' : '000000'

  const said = []
  for (const typed of [wrong, wrong, wrong, wrong, wrong, code]) {
    const { body } = await browser.post('/signin/code', { form: { attempt, code: typed } })
    said.push(body.includes('no code works for this sign-in any more. Open the link in the mail.'))
  }
  const { pathname, search } = new URL(link)
  const opened = await browser.get(pathname + search)

  expect(said).toEqual([false, false, false, false, true, true])
  expect(opened.status).toBe(200)
})

async function signedIn(authd: Awaited<ReturnType<typeof startAuthd>>) {
  const browser = authd.browser()
  await signInOnPage(authd, browser, ADA)
  return browser
}
