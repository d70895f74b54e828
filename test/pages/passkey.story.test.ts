import type { BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { HOUR } from '../../src/platform/clock.ts'
import { complaintsOf, launchBrowser } from '../support/browser.ts'
import { type Authd, startAuthd } from '../support/harness.ts'

let chromium: Awaited<ReturnType<typeof launchBrowser>>

beforeAll(async () => {
  chromium = await launchBrowser()
})

afterAll(() => chromium.close())

interface Visit {
  page: Page
  devtools: CDPSession
  authenticatorId: string
  /** Console messages and third-party requests. */
  complaints: string[]
}

const AUTHENTICATOR = {
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
  defaultBackupEligibility: false,
} as const

/** A new browser with its own authenticator. */
async function visitor(
  authd: Authd,
  options: Partial<Record<keyof typeof AUTHENTICATOR, boolean>> = {},
): Promise<Visit> {
  const context: BrowserContext = await chromium.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const complaints = complaintsOf(page, [authd.url])
  const devtools = await context.newCDPSession(page)
  await devtools.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', ...AUTHENTICATOR, ...options },
  })
  return { page, devtools, authenticatorId, complaints }
}

/** Signs in by mail and ends on the page that offers a passkey. */
async function signInByMail(authd: Authd, { page }: Visit): Promise<void> {
  await page.goto(`${authd.url}/signin`)
  await page.getByRole('textbox').fill('ada@example.com')
  await page.getByRole('button', { name: 'Send me a sign-in mail' }).click()
  const mail = await authd.takeProofMail()
  await page.getByRole('textbox').fill(mail?.values['code'] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function register(authd: Authd, visit: Visit): Promise<void> {
  await signInByMail(authd, visit)
  await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
  await visit.page.getByText('The passkey is added.').waitFor()
  await visit.page.getByRole('link', { name: 'Not now' }).click()
}

async function signOut({ page }: Visit): Promise<void> {
  await page.getByRole('link', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
}

async function credentials({ devtools, authenticatorId }: Visit) {
  return (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials
}

/** Like a browser without passkey autofill, so the button is required. */
async function withoutAutofill({ page }: Visit): Promise<void> {
  await page.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
}

test('SECURITY: a passkey registered after a mail sign-in signs in without an address or a mail', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)

  await withoutAutofill(visit)
  await register(authd, visit)
  await signOut(visit)
  await visit.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await visit.page.getByRole('heading', { name: 'Your account' }).waitFor()

  expect(await visit.page.locator('body').textContent()).toContain('ada@example.com')
  expect(visit.complaints).toEqual([])
})

test('SECURITY: autofill signs in with the passkey, with nothing typed or pressed', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await register(authd, visit)

  const calls: string[] = []
  visit.page.on('request', (request) => {
    if (request.resourceType() === 'fetch') calls.push(request.url())
  })
  await signOut(visit)
  await visit.page.getByRole('heading', { name: 'Your account' }).waitFor()

  expect(new URL(visit.page.url()).pathname).toBe('/account')
  expect(calls).toEqual([])
  expect(visit.complaints).toEqual([])
})

test('a sign-in page that stayed open for an hour still takes a passkey', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await withoutAutofill(visit)
  await register(authd, visit)
  await signOut(visit)
  await visit.page.clock.install()
  await visit.page.reload()
  authd.clock.advance(HOUR)
  await visit.page.clock.runFor(HOUR)

  await visit.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await visit.page.getByRole('heading', { name: 'Your account' }).waitFor()

  expect(visit.complaints).toEqual([])
})

test('a sign-in page of another tab leads to the account once its passkey is asked for', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await withoutAutofill(visit)
  await register(authd, visit)
  await signOut(visit)
  const tab = await visit.page.context().newPage()
  await tab.addInitScript('PublicKeyCredential.isConditionalMediationAvailable = async () => false')
  await tab.clock.install()
  await tab.goto(`${authd.url}/signin`)
  await visit.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await visit.page.getByRole('heading', { name: 'Your account' }).waitFor()
  authd.clock.advance(HOUR)
  await tab.clock.runFor(HOUR)

  await tab.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await tab.getByRole('heading', { name: 'Your account' }).waitFor()

  expect(new URL(tab.url()).pathname).toBe('/account')
})

test('SECURITY: a cloned authenticator is rejected with an explanation, and the mail still signs in', async () => {
  const authd = await startAuthd()
  const owner = await visitor(authd)
  await register(authd, owner)
  const [copied] = await credentials(owner)
  await signOut(owner)
  await owner.page.getByRole('heading', { name: 'Your account' }).waitFor()
  const thief = await visitor(authd)
  await withoutAutofill(thief)
  if (copied) {
    const { authenticatorId } = thief
    await thief.devtools.send('WebAuthn.addCredential', { authenticatorId, credential: copied })
  }

  await thief.page.goto(`${authd.url}/signin`)
  await thief.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await thief.page.getByText('That passkey did not work.').first().waitFor()

  expect((await authd.auditLog()).map(({ eventType }) => eventType)).toContain('webauthn.counter_regressed')
  expect(await thief.page.getByRole('textbox').count()).toBe(1)
})

test('SECURITY: an authenticator without user verification is rejected with an explanation, and nothing is stored', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd, { hasUserVerification: false, isUserVerified: false })
  await signInByMail(authd, visit)

  await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
  const said = visit.page.locator('[data-say]:visible')
  await said.waitFor()

  expect(await said.textContent()).toMatch(/No passkey was used|did not work/)
  expect(await credentials(visit)).toEqual([])
})

test('a cancelled passkey prompt says that nothing happened and can be opened again', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await signInByMail(authd, visit)
  await visit.devtools.send('WebAuthn.setUserVerified', {
    authenticatorId: visit.authenticatorId,
    isUserVerified: false,
  })

  await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
  await visit.page.getByText('No passkey was used').waitFor()
  const focused = await visit.page.evaluate('document.activeElement.textContent')
  await visit.devtools.send('WebAuthn.setUserVerified', {
    authenticatorId: visit.authenticatorId,
    isUserVerified: true,
  })
  await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
  await visit.page.getByText('The passkey is added.').waitFor()

  expect(focused).toBe('Add a passkey')
  expect(await credentials(visit)).toHaveLength(1)
})

test.each([
  [
    'has no methods for JSON, as Safari 17, Firefox 118 and Chrome 128',
    `delete PublicKeyCredential.parseCreationOptionsFromJSON
     delete PublicKeyCredential.parseRequestOptionsFromJSON
     delete PublicKeyCredential.prototype.toJSON`,
  ],
  [
    'has a password manager whose credentials cannot be serialised',
    `PublicKeyCredential.prototype.toJSON = () => { throw new TypeError('Illegal invocation') }
     delete AuthenticatorAttestationResponse.prototype.getTransports`,
  ],
])('a passkey is added and signs in where the browser %s', async (_, script) => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await visit.page.addInitScript(script)
  await withoutAutofill(visit)

  await register(authd, visit)
  await signOut(visit)
  await visit.page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await visit.page.getByRole('heading', { name: 'Your account' }).waitFor()

  expect(visit.complaints).toEqual([])
})

const FAULTS: [fault: string, sentence: string][] = [
  [`throw new DOMException('', 'ConstraintError')`, 'cannot keep a passkey'],
  [`throw new DOMException('', 'NotSupportedError')`, 'cannot keep a passkey'],
  [`throw new DOMException('', 'InvalidStateError')`, 'already has a passkey'],
  [`throw new DOMException('', 'NotAllowedError')`, 'the time ran out'],
  [`throw new DOMException('', 'UnknownError')`, 'That did not work.'],
  [`return { type: 'public-key', rawId: 'abc', response: {} }`, 'Delete it there'],
  ['return null', 'Delete it there'],
]

test('after each fault of an authenticator the page says what to do next, and it can be tried again', async () => {
  const authd = await startAuthd()
  const visit = await visitor(authd)
  await visit.page.addInitScript(`{
    const make = navigator.credentials.create.bind(navigator.credentials)
    const faults = [${FAULTS.map(([fault]) => `() => { ${fault} }`)}]
    navigator.credentials.create = async (options) => (faults.shift() ?? (() => make(options)))()
  }`)
  await signInByMail(authd, visit)

  for (const [fault, sentence] of FAULTS) {
    await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
    await visit.page.locator('[data-say]:visible', { hasText: sentence }).waitFor()
    expect(await visit.page.locator('[data-say]:visible').count(), fault).toBe(1)
  }
  await visit.page.getByRole('button', { name: 'Add a passkey' }).click()
  await visit.page.getByText('The passkey is added.').waitFor()
  expect(visit.complaints).toEqual([])
})

test.for([
  ['Add a passkey', 'create', 'The passkey is added.'],
  ['Sign in with a passkey', 'get', 'Your account'],
] as const)('"%s" asks the device once, also if it is pressed again while the form is on its way', async (pressed) => {
  const [button, method, end] = pressed
  const authd = await startAuthd()
  const visit = await visitor(authd)
  const { page } = visit
  let asked = 0
  await page.exposeFunction('counted', () => asked++)
  await page.addInitScript(`{
    const ask = navigator.credentials.${method}.bind(navigator.credentials)
    navigator.credentials.${method} = async (options) => (await counted(), ask(options))
    const { submit } = HTMLFormElement.prototype
    HTMLFormElement.prototype.submit = function () {
      submit.call(this)
      setTimeout(() => this.querySelector('button').click())
    }
  }`)
  await withoutAutofill(visit)
  if (method === 'get') {
    await register(authd, visit)
    await signOut(visit)
  } else await signInByMail(authd, visit)

  await page.getByRole('button', { name: button }).click()
  await page.getByText(end).first().waitFor()

  expect(asked).toBe(1)
  expect(await credentials(visit)).toHaveLength(1)
})
