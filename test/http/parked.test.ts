import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey, endApiKey } from '../../src/flows/operator/api-key.ts'
import { setSetting } from '../../src/flows/operator/setting.ts'
import { dropFactors } from '../../src/flows/policy/factor.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { revokeByOperator } from '../../src/flows/sessions/session-admin.ts'
import { findOwnUser } from '../../src/flows/users/account.ts'
import { removeUser } from '../../src/flows/users/delete.ts'
import { disableUser } from '../../src/flows/users/disable.ts'
import { PAGES } from '../../src/http/pages/mount.ts'
import { DAY } from '../../src/platform/clock.ts'
import { findSession, renewSession } from '../../src/store/sessions.ts'
import { documented, ENDPOINTS, inhabit } from '../support/documented.ts'
import { deviceFor, enrolPasskey } from '../support/factors.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { whileParked } from '../support/parked.ts'
import { ADA, signInOnPage } from '../support/people.ts'
import { RECIPES } from './fuzz/recipes.ts'
import { makeAttacker } from './fuzz/world.ts'

const FACTOR = /^\/v1\/(?:signin|stepup)\/(?:passkey|totp|recovery-code)$/
const CHANGES = new Set(['POST', 'PATCH', 'DELETE', 'PUT'])
/** Its answer is recorded. */
const EXPORT = 'GET /v1/me/export'
const CHANGING = ENDPOINTS.filter(
  ({ method, guard, route }) => (CHANGES.has(method) && guard !== 'none') || route === EXPORT,
)
/** They open no unit of work. */
const READS = ['POST /v1/token', 'POST /v1/token/introspect', 'POST /admin/webhooks/:id/test']
const OF_SESSIONS = CHANGING.filter(({ guard, route }) => typeof guard === 'string' && !READS.includes(route))
const OF_KEYS = CHANGING.filter(({ guard, route }) => typeof guard === 'object' && !READS.includes(route))
const POSTED = PAGES.filter(({ method }) => method === 'POST')
const FORMS = POSTED.filter(({ path }) => path.startsWith('/account'))
/** The forms of people who are not signed in, and the one that signs them out. */
const OTHER_FORMS = /^\/(signin|signout|invite|recover|restore-email|not-you)(\/|$)/
const OF_STRANGERS = ENDPOINTS.filter(({ method, guard }) => CHANGES.has(method) && guard === 'none')
const OF_FACTORS = ENDPOINTS.filter(({ method, path }) => method === 'POST' && FACTOR.test(path))

interface Thief {
  authd: Authd
  sessionId: string
  userId: string
}

/** What ends a session while its request is on its way. */
const ENDS = {
  'the session is revoked': ({ authd, sessionId }) => revokeByOperator(authd.deps, SYSTEM, { ids: [sessionId] }),
  'everybody is signed out': ({ authd }) => revokeByOperator(authd.deps, SYSTEM, {}),
  'the user is disabled': async ({ authd, userId }) =>
    disableUser(authd.deps, SYSTEM, await findOwnUser(authd.deps, userId), null),
  'the user is deleted': async ({ authd, userId }) =>
    removeUser(authd.deps, SYSTEM, await findOwnUser(authd.deps, userId)),
  'the session expires': async ({ authd }) => authd.clock.advance(31 * DAY),
  'the session gets another secret': async ({ authd, sessionId }) => {
    await authd.deps.db.write(async (trx) => {
      const session = await findSession(trx, sessionId)
      if (session) await renewSession(trx, { ...session, secretDigest: 'another', refreshSalt: 'another' })
    })
  },
} satisfies Record<string, (held: Thief) => Promise<unknown>>

async function signedIn(authd: Authd) {
  const browser = authd.browser()
  await signInOnPage(authd, browser, ADA)
  await enrolPasskey(browser, deviceFor(authd))
  const { body } = await browser.get('/v1/session')
  const own = { passkeys: (await browser.get('/v1/me/passkeys')).body[0].id, sessions: body.session.id }
  const pathTo = (path: string) =>
    path.replace(/(passkeys|sessions)\/:\w+/, (_, of: keyof typeof own) => `${of}/${own[of]}`)
  return { browser, pathTo, sessionId: body.session.id as string, userId: body.user.id as string }
}

/** Rows are locked in another way on PostgreSQL, which two of the ends show. */
const ON_POSTGRES = ['the session is revoked', 'the user is disabled'] as const
const ENDINGS = [
  ...Object.entries(ENDS).map(([name, end]) => ({ name, end, database: 'sqlite' as const })),
  ...ON_POSTGRES.map((name) => ({ name, end: ENDS[name], database: 'postgres' as const })),
]

describe.each(ENDINGS)('on $database, a request that arrived before $name changes nothing after it', (ending) => {
  test.each(OF_SESSIONS)('$route', async (declared) => {
    const authd = await startAuthd({ database: ending.database })
    const { browser, pathTo, ...held } = await signedIn(authd)
    const sent = declared.body && { json: documented(declared).request }

    const done = await whileParked(
      authd,
      () => browser.send(declared.method, pathTo(declared.path), sent),
      () => ending.end({ authd, ...held }),
    )

    expect(done).toMatchObject({ where: 'parked', status: 401, isUnchanged: true })
  })
})

test('every form either needs a session, which these tests revoke, or has none', () => {
  const forgotten = POSTED.filter(({ path }) => !FORMS.some((form) => form.path === path) && !OTHER_FORMS.test(path))

  expect(forgotten).toEqual([])
})

/** Sends what would succeed, and ends the right to it while the request is on its way. */
async function parkedAtLast(
  authd: Authd,
  { method, path, route, body }: (typeof ENDPOINTS)[number],
  end: (userId: string) => Promise<unknown>,
) {
  const me = await makeAttacker(authd, ADA)
  const { body: shown } = await me.browser.get('/v1/session')
  const prepared = (await RECIPES[route]?.(authd, me)) ?? { body: documented({ method, path }).request }
  const fields = { ...(prepared.body as Record<string, string>) }
  const sent = body?.type === 'form' ? { form: fields } : { json: fields }
  const client = path.startsWith('/v1/stepup') ? me.browser : authd.browser()
  const done = await whileParked(
    authd,
    () => client.send(method, path, sent),
    () => end(shown.user.id),
  )
  const live = await authd.deps.db.read((sql) => sql.all('SELECT id FROM sessions WHERE revoked_at IS NULL'))
  return { ...done, live: live.length, proves: done.reply.body.access_token ?? done.reply.body.session }
}

describe.each(['sqlite', 'postgres'] as const)('on %s, a request without a session that arrived before', (database) => {
  test.each(OF_STRANGERS)('the user was disabled signs nobody in: $route', async (declared) => {
    const authd = await startAuthd({ database })

    const done = await parkedAtLast(authd, declared, async (userId) =>
      disableUser(authd.deps, SYSTEM, await findOwnUser(authd.deps, userId), null),
    )

    expect(done).toMatchObject({ where: 'parked', live: 0, proves: undefined })
  })
})

test.each(OF_STRANGERS)(
  'a request that arrived before the user was deleted signs nobody in: $route',
  async (declared) => {
    const authd = await startAuthd()

    const done = await parkedAtLast(authd, declared, async (userId) => {
      await setSetting(authd.deps, SYSTEM, { key: 'signup.policy', value: 'closed', acceptsLockout: true })
      await removeUser(authd.deps, SYSTEM, await findOwnUser(authd.deps, userId))
    })

    expect(done).toMatchObject({ where: 'parked', live: 0, proves: undefined })
  },
)

test.each(OF_FACTORS)('a proof that arrived before its factor was removed is refused: $route', async (declared) => {
  const authd = await startAuthd()

  const done = await parkedAtLast(authd, declared, (userId) => authd.deps.db.write((trx) => dropFactors(trx, userId)))

  expect(done).toMatchObject({ where: 'parked', status: 401, proves: undefined })
})

/** All forms of the account go through one place, so two of the ends show it. */
const FOR_FORMS = ['the session is revoked', 'the session gets another secret'] as const

describe.each([
  ['sqlite', FOR_FORMS[0]],
  ['sqlite', FOR_FORMS[1]],
  ['postgres', FOR_FORMS[0]],
] as const)('on %s, a form that was sent before %s changes nothing after it', (database, ending) => {
  test.each(FORMS)('$method $path', async ({ path }) => {
    const authd = await startAuthd({ database })
    const { browser, pathTo, ...held } = await signedIn(authd)
    const proof = { challenge_id: 'chl_1', credential: '{}', code: '123456', method: 'totp', email: 'new@example.com' }
    const form = { name: 'New', session: held.sessionId, next: '/account', ...proof }

    const done = await whileParked(
      authd,
      () => browser.post(pathTo(path), { form }),
      () => ENDS[ending]({ authd, ...held }),
    )

    expect(done).toMatchObject({ where: 'parked', status: 303, location: '/signin?notice=ended', isUnchanged: true })
  })
})

describe.each(['sqlite', 'postgres'] as const)('a request of an API key on %s changes nothing', (database) => {
  test.each(OF_KEYS)('after the key is revoked: $route', async (declared) => {
    const authd = await startAuthd({ database })
    const pathTo = await inhabit(authd)
    const { key, token } = await createApiKey(authd.deps, SYSTEM, {
      ...{ name: 'test', scopes: [...ADMIN_SCOPES], expiresAt: null },
    })
    await authd.browser().get('/admin/users', { bearer: token })
    const sent = { bearer: token, ...(declared.body && { json: documented(declared).request }) }

    const done = await whileParked(
      authd,
      () => authd.browser().send(declared.method, pathTo(declared.path), sent),
      () => endApiKey(authd.deps, SYSTEM, key.id),
    )

    expect(done).toMatchObject({ where: 'parked', status: 401, isUnchanged: true })
  })
})
