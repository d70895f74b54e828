import { describe, expect, test } from 'vitest'
import { listPasskeysOf, removePasskeyOf } from '../../src/flows/factors/factor-admin.ts'
import { removeOwnPasskey } from '../../src/flows/factors/own-passkeys.ts'
import { remakeRecoveryCodes } from '../../src/flows/factors/recovery-code.ts'
import { removeOwnTotp } from '../../src/flows/factors/totp.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { deleteMyself } from '../../src/flows/users/account.ts'
import { beginEmailChange, finishEmailChange } from '../../src/flows/users/email-change.ts'
import { updateUser } from '../../src/flows/users/update.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { MINUTE } from '../../src/platform/clock.ts'
import { parseEmailAddress } from '../../src/platform/email-address.ts'
import { findSession } from '../../src/store/sessions.ts'
import { ENDPOINTS } from '../support/documented.ts'
import { deviceFor, signInWithPasskey, totpCode, withPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Browser, Reply } from '../support/http-client.ts'
import { ADA, signInForTokens, signInOnPage } from '../support/people.ts'

const DATABASES = ['sqlite', 'postgres'] as const
const NO_ID = 'pk_01m88jw08vedqtrgrr9eqkmg57'
const NO_SESSION = 'ses_01m88jw08vedqtrgrr9eqkmg57'
const NO_PASSKEY = { challenge_id: 'none', credential: {} }
const NO_PASSKEY_FORM = { challenge_id: 'none', credential: '{}' }

/** What an act needs: a session that is whole (`use`), may set up a factor, or may prove one; and a fresh proof. */
type Needs = 'use' | 'fresh use' | 'enrol' | 'fresh enrol' | 'prove'

interface Act {
  needs: Needs
  page?: [route: string, form?: Record<string, string>]
  call?: [route: string, json?: Record<string, unknown>]
}

/** Everything that a session can do, on the page and by the API. */
const ACTS: Act[] = [
  { needs: 'fresh enrol', page: ['POST /account/totp/setup'], call: ['POST /v1/me/totp'] },
  {
    needs: 'fresh enrol',
    page: ['POST /account/totp', { code: '000000' }],
    call: ['POST /v1/me/totp/confirm', { code: '000000' }],
  },
  { needs: 'fresh enrol', page: ['GET /account/totp/setup'] },
  { needs: 'fresh enrol', page: ['GET /account/totp'] },
  { needs: 'fresh enrol', page: ['GET /account/passkeys/new'], call: ['POST /v1/me/passkeys/options'] },
  // Without an answer to a challenge, the credential is refused before the proof is looked at.
  { needs: 'enrol', page: ['POST /account/passkeys', NO_PASSKEY_FORM], call: ['POST /v1/me/passkeys', NO_PASSKEY] },
  { needs: 'enrol', page: ['GET /account/enrol'], call: ['GET /v1/me/passkeys'] },
  { needs: 'fresh use', page: ['GET /account/passkeys/:id'] },
  {
    needs: 'fresh use',
    page: ['POST /account/passkeys/:id/remove'],
    call: ['DELETE /v1/me/passkeys/:id'],
  },
  {
    needs: 'use',
    page: ['POST /account/passkeys/:id/name', { name: 'Phone' }],
    call: ['PATCH /v1/me/passkeys/:id', { name: 'Phone' }],
  },
  { needs: 'fresh use', page: ['POST /account/totp/remove'], call: ['DELETE /v1/me/totp'] },
  { needs: 'fresh use', page: ['GET /account/recovery-codes'] },
  { needs: 'fresh use', page: ['POST /account/recovery-codes'], call: ['POST /v1/me/recovery-codes'] },
  { needs: 'use', page: ['GET /account/recovery-codes/new'] },
  { needs: 'use', page: ['POST /account/recovery-codes/saved'] },
  { needs: 'use', page: ['GET /account'], call: ['GET /v1/me'] },
  { needs: 'use', page: ['POST /account/name', { name: 'Eve' }], call: ['PATCH /v1/me', { name: 'Eve' }] },
  { needs: 'use', page: ['GET /account/activity'], call: ['GET /v1/session'] },
  { needs: 'use', page: ['POST /account/export'], call: ['GET /v1/me/export'] },
  { needs: 'fresh use', page: ['GET /account/email'] },
  {
    needs: 'fresh use',
    page: ['POST /account/email', { email: 'eve@example.net' }],
    call: ['POST /v1/me/email', { email: 'eve@example.net' }],
  },
  { needs: 'use', page: ['GET /account/email/code'] },
  {
    needs: 'fresh use',
    page: ['POST /account/email/code', { code: '000000' }],
    call: ['POST /v1/me/email/confirm', { code: '000000' }],
  },
  { needs: 'fresh use', page: ['GET /account/delete'] },
  { needs: 'fresh use', page: ['POST /account/delete'], call: ['DELETE /v1/me'] },
  {
    needs: 'use',
    page: ['POST /account/sessions/end', { session: NO_SESSION }],
    call: ['DELETE /v1/me/sessions/:id'],
  },
  { needs: 'use', call: ['GET /v1/me/sessions'] },
  { needs: 'use', call: ['POST /v1/token'] },
  { needs: 'prove', page: ['POST /account/sessions/end-others'], call: ['POST /v1/logout'] },
  { needs: 'prove', page: ['GET /account/confirm'], call: ['POST /v1/stepup/passkey/options'] },
  { needs: 'prove', page: ['POST /account/confirm/mail'], call: ['POST /v1/stepup/email'] },
  {
    needs: 'prove',
    page: ['POST /account/confirm', { method: 'email', code: '000000', next: '/account' }],
    call: ['POST /v1/stepup/code', { code: '000000' }],
  },
  {
    needs: 'prove',
    page: ['POST /account/confirm/passkey', NO_PASSKEY_FORM],
    call: ['POST /v1/stepup/passkey', NO_PASSKEY],
  },
]

/** A code that the session cannot be proven with is refused with the methods, whatever the session lacks. */
const BY_CODE = ['POST /v1/stepup/totp', 'POST /v1/stepup/recovery-code']

/** Each way to do each act. */
const DOORS = ACTS.flatMap(({ needs, page, call }) => [
  ...(page ? [{ needs, kind: 'form' as const, request: page }] : []),
  ...(call ? [{ needs, kind: 'json' as const, request: call }] : []),
])

const operator = (authd: Authd, user: string, change: { email?: string; mfaPolicy?: 'required' }) =>
  updateUser(authd.deps, SYSTEM, {
    ...change,
    ...{ user, isVerified: true, email: change.email === undefined ? undefined : parseEmailAddress(change.email) },
  })

/** A session, signed in by mail just now, and what its user must do before it counts. */
const STATES: Record<
  string,
  { lacks?: 'enrolment' | 'factor'; isStale?: true; make?: (authd: Authd, email: string) => Promise<unknown> }
> = {
  'whole and fresh': {},
  'whole and not fresh': { isStale: true },
  'must set up a factor': {
    lacks: 'enrolment',
    make: (authd, email) => operator(authd, email, { mfaPolicy: 'required' }),
  },
  'must set up a factor and is not fresh': {
    ...{ lacks: 'enrolment', isStale: true },
    make: (authd, email) => operator(authd, email, { mfaPolicy: 'required' }),
  },
  'has lost its only proof': {
    lacks: 'factor',
    make: (authd, email) => operator(authd, email, { email: `new-${email}` }),
  },
  'must set up a factor and has lost its only proof': {
    lacks: 'factor',
    make: (authd, email) => operator(authd, email, { email: `new-${email}`, mfaPolicy: 'required' }),
  },
}

function expected(needs: Needs, { lacks, isStale }: (typeof STATES)[string]): string {
  if (needs === 'prove') return 'admitted'
  if (lacks === 'factor') return 'STEP_UP_REQUIRED'
  if (lacks === 'enrolment' && needs.endsWith('use')) return 'ENROLMENT_REQUIRED'
  return isStale && needs.startsWith('fresh') ? 'STEP_UP_REQUIRED' : 'admitted'
}

async function send(browser: Browser, [route, sent]: [string, Record<string, unknown>?], kind: 'form' | 'json') {
  const [method = '', path = ''] = route.split(' ')
  const id = path.includes('sessions') ? NO_SESSION : NO_ID
  const body = method === 'GET' ? {} : kind === 'form' ? { form: (sent ?? {}) as never } : sent ? { json: sent } : {}
  return await browser.send(method, path.replace(':id', id), body)
}

/** What the page or call asks of the session, in the words of the API. */
function answerOf({ status, body, headers }: Reply): string {
  const location = headers.get('location') ?? ''
  if (status === 303 && location.startsWith('/account/confirm')) return 'STEP_UP_REQUIRED'
  if (status === 303 && location === '/account/enrol') return 'ENROLMENT_REQUIRED'
  if (status === 303 && ['/signin', '/signin?notice=ended'].includes(location)) return 'UNAUTHORIZED'
  const code = typeof body === 'object' ? body?.code : undefined
  return ['STEP_UP_REQUIRED', 'ENROLMENT_REQUIRED', 'UNAUTHORIZED'].includes(code) ? code : 'admitted'
}

describe('SECURITY: a page asks of a session what the API asks', () => {
  test.each(Object.entries(STATES))('of one that %s', async (_, state) => {
    const unlimited = { requests_per_minute: 1_000_000, guesses_per_hour: 1_000_000 }
    const authd = await startAuthd({ config: { limits: unlimited } })
    const asked: Record<string, string> = {}
    for (const [index, { kind, request }] of DOORS.entries()) {
      const email = `ada${index}@example.com`
      const browser = authd.browser()
      await signInOnPage(authd, browser, email)
      await state.make?.(authd, email)
      if (state.isStale) authd.clock.advance(6 * MINUTE)
      asked[request[0]] = answerOf(await send(browser, request, kind))
    }

    expect(asked).toEqual(Object.fromEntries(DOORS.map(({ needs, request }) => [request[0], expected(needs, state)])))
  })
})

test('every page and call of a session is among the acts', () => {
  const routes = [
    ...PAGES.filter(({ guard }) => guard !== undefined).map(({ method, path }) => `${method} ${path}`),
    ...ENDPOINTS.filter(({ guard }) => typeof guard === 'string' && guard !== 'none').map(({ route }) => route),
  ]
  const listed = DOORS.map(({ request }) => request[0])

  expect([...listed, ...BY_CODE].toSorted()).toEqual(routes.toSorted())
})

test('SECURITY: the flows ask the same, whatever a page or route has asked', async () => {
  const authd = await startAuthd()
  const { deps } = authd
  const { sessionId } = await signInForTokens(authd)
  await operator(authd, ADA, { mfaPolicy: 'required' })
  const session = await deps.db.read((sql) => findSession(sql, sessionId))
  if (!session) throw new Error('there is no session')
  const address = { canonical: 'eve@example.net', typed: 'eve@example.net' }

  const tried = await Promise.allSettled([
    beginEmailChange(deps, SYSTEM, { session, address, lang: 'en', device: undefined }),
    finishEmailChange(deps, SYSTEM, { session, code: '000000', device: undefined }),
    removeOwnTotp(deps, SYSTEM, session),
    removeOwnPasskey(deps, SYSTEM, { session, id: NO_ID }),
    remakeRecoveryCodes(deps, SYSTEM, session),
    deleteMyself(deps, SYSTEM, session),
  ])

  expect(tried.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(
    Array(6).fill('ENROLMENT_REQUIRED'),
  )
})

describe.each(DATABASES)('SECURITY: a thief whose session has lost its only proof (%s)', (database) => {
  test('sets up no app on the pages after the stolen passkey was removed', async () => {
    const authd = await startAuthd({ database })
    const { device } = await withPasskey(authd)
    authd.clock.advance(MINUTE)
    const thief = authd.browser()
    await signInWithPasskey(thief, device)
    const { user, passkeys } = await listPasskeysOf(authd.deps, ADA)
    for (const passkey of passkeys) await removePasskeyOf(authd.deps, SYSTEM, { user, passkey })

    const setUp = await thief.post('/account/totp/setup', { form: {} })
    const shown = await thief.get('/account/totp/setup')
    const confirmed = await thief.post('/account/totp', { form: { code: totpCode(authd, 'A'.repeat(32)) } })

    expect([setUp, shown, confirmed].map(answerOf)).toEqual(Array(3).fill('STEP_UP_REQUIRED'))
    expect(answerOf(await thief.get('/v1/session'))).toBe('STEP_UP_REQUIRED')
  })

  test('adds no passkey on the pages after an operator moved the user off the mailbox', async () => {
    const authd = await startAuthd({ database })
    const thief = authd.browser()
    await signInOnPage(authd, thief)
    const { body } = await thief.post('/v1/me/passkeys/options')
    await operator(authd, ADA, { email: 'new@example.org' })
    const device = deviceFor(authd)

    const credential = JSON.stringify(device.register(body.options))
    const added = await thief.post('/account/passkeys', { form: { challenge_id: body.challenge_id, credential } })

    expect(answerOf(added)).toBe('STEP_UP_REQUIRED')
    expect((await signInWithPasskey(authd.browser(), device)).status).toBe(401)
  })
})
