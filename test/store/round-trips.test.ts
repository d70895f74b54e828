import { expect, test } from 'vitest'
import { parsePostgresUrl } from '../../src/platform/net/postgres-url.ts'
import { freshDatabase } from '../support/databases.ts'
import { askPasskey, withPasskey } from '../support/factors.ts'
import { startAuthd } from '../support/harness.ts'
import { askForCode, signInForTokens } from '../support/people.ts'
import { startProxy } from '../support/postgres-proxy.ts'

/** What a request costs on PostgreSQL. docs/performance.md has the same table. */
const COSTS = {
  'check a session': { trips: 1, statements: 1, commits: 0 },
  refresh: { trips: 3, statements: 4, commits: 1 },
  'request a mail': { trips: 9, statements: 15, commits: 2 },
  'sign in with a code, new user': { trips: 16, statements: 29, commits: 3 },
  'sign in with a code, known user': { trips: 15, statements: 26, commits: 3 },
  'sign in with a passkey, new device': { trips: 20, statements: 34, commits: 4 },
}

test('a request waits for PostgreSQL only as often as declared', async () => {
  const { authd, costOf } = await startMeasured()
  const tokens = await signInForTokens(authd, 'grace@example.com')
  const { device } = await withPasskey(authd)
  const browser = authd.browser()
  const refresh = { refresh_token: tokens.refreshToken }
  const redeem = async ({ attemptToken, code }: Awaited<ReturnType<typeof askForCode>>) =>
    await costOf(() => authd.browser().post('/v1/signin/code', { json: { code, attempt_token: attemptToken } }))
  const asked = await askPasskey(browser)
  const proof = { challenge_id: asked.challenge_id, credential: device.sign(asked.options) }

  const costs = {
    'check a session': await costOf(() => authd.browser().get('/v1/session', { bearer: tokens.accessToken })),
    refresh: await costOf(() => authd.browser().post('/v1/token/refresh', { json: refresh })),
    'request a mail': await costOf(() => authd.browser().post('/v1/signin', { json: { email: 'new@example.com' } })),
    'sign in with a code, new user': await redeem(await askForCode(authd, 'alan@example.com')),
    'sign in with a code, known user': await redeem(await askForCode(authd, 'alan@example.com')),
    'sign in with a passkey, new device': await costOf(() => browser.post('/v1/signin/passkey', { json: proof })),
  }

  expect(costs).toEqual(COSTS)
})

async function startMeasured() {
  const fresh = await freshDatabase('postgres')
  const { servers, user, database } = parsePostgresUrl(fresh.options.url ?? '')
  const [{ host, port } = { host: '', port: 0 }] = servers
  const proxy = await startProxy({ path: `${host}/.s.PGSQL.${port}` })
  const url = `postgres://${user}@${proxy.address}/${database}?sslmode=disable`
  const authd = await startAuthd({ database: { ...fresh, options: { ...fresh.options, url } } })
  let trips = 0
  // All that authd sends before it waits for an answer arrives at once.
  proxy.watch(() => {
    trips += 1
    return true
  })
  const costOf = async (work: () => Promise<{ status: number }>) => {
    trips = 0
    authd.takeStatements()
    expect((await work()).status).toBeLessThan(300)
    const statements = authd.takeStatements()
    return { trips, statements: statements.length, commits: statements.filter((kind) => kind === 'commit').length }
  }
  return { authd, costOf }
}
