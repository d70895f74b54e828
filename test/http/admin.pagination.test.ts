import { describe, expect, test } from 'vitest'
import { ADMIN_SCOPES, createApiKey } from '../../src/flows/operator/api-key.ts'
import { SYSTEM } from '../../src/flows/record-event.ts'
import { listUsersWithFactors } from '../../src/flows/users/list.ts'
import { DAY, HOUR, SECOND } from '../../src/platform/clock.ts'
import { firstId } from '../../src/platform/random.ts'
import type { Value } from '../../src/store/db.ts'
import type { UserFilter } from '../../src/store/users.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import type { Reply } from '../support/http-client.ts'

const MANY = 60_000
const NUMBERS = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MANY})`

/** More users than one request reads. `p1@example.com` is the oldest, and every tenth is disabled. */
async function withUsers(authd: Authd): Promise<void> {
  await authd.deps.db.write((trx) =>
    trx.run(
      `INSERT INTO users (id, email, email_typed, name, created_at, disabled_at) ${NUMBERS}
       SELECT 'usr_' || (1000000 + n), 'p' || n || '@example.com', '', 'Person', n,
         CASE WHEN n % 10 = 0 THEN n END FROM numbers`,
    ),
  )
}

/** The same number of events, one a second. All but the first two are alike. */
async function withEvents(authd: Authd, startAt: number): Promise<void> {
  const rows = Array.from({ length: MANY }, (_, index): Value[] => {
    const at = startAt + index * SECOND
    const [type, ip] = [index === 0 ? 'lockdown.on' : 'session.created', index === 1 ? '203.0.113.9' : '198.51.100.1']
    return [firstId('evt', at), index + 1, at, type, 'success', ip, 'system', '{}']
  })
  const columns = 'id, seq, occurred_at, event_type, outcome, ip, actor, metadata'
  await authd.deps.db.write(async (trx) => {
    while (rows.length > 0) {
      const batch = rows.splice(0, 500)
      const values = batch.map(() => '(?, ?, ?, ?, ?, ?, ?, ?)').join(', ')
      await trx.run(`INSERT INTO audit_logs (${columns}) VALUES ${values}`, batch.flat())
    }
  })
}

async function admin(authd: Authd): Promise<(path: string) => Promise<Reply>> {
  const asAdmin = { name: 'test', scopes: [...ADMIN_SCOPES], expiresAt: null }
  const { token: bearer } = await createApiKey(authd.deps, SYSTEM, asAdmin)
  return (path) => authd.browser().get(path, { bearer })
}

async function everybody(authd: Authd, filter: UserFilter): Promise<string[]> {
  const ids: string[] = []
  for (let before: string | undefined, isMore = true; isMore; ) {
    const pagination = { limit: 7000, before, within: Number.POSITIVE_INFINITY, isCounted: false }
    const { rows, nextCursor } = await listUsersWithFactors(authd.deps, filter, pagination)
    ids.push(...rows.map(({ user }) => user.id))
    before = nextCursor ?? undefined
    isMore = nextCursor !== null
  }
  return ids
}

/** All parts from here on, by Link. */
async function follow(get: (path: string) => Promise<Reply>, path: string): Promise<Reply[]> {
  const page = await get(path)
  const [, query] = /^<(.*)>; rel="next"$/.exec(page.headers.get('Link') ?? '') ?? []
  return query === undefined ? [page] : [page, ...(await follow(get, path.split('?')[0] + query))]
}

const sizesOf = (pages: Reply[]) => pages.map(({ body }) => body.length)
const totalOf = ({ headers }: Reply) => [headers.get('X-Total-Count'), headers.get('X-Total-Count-Capped')]

describe.each(['sqlite', 'postgres'] as const)('more rows than one request reads (%s)', (database) => {
  test('a capped total is marked, and a whole address is found directly', async () => {
    const authd = await startAuthd({ database })
    await withUsers(authd)
    const get = await admin(authd)

    const [all, disabled, oldest] = [
      await get('/admin/users'),
      await get('/admin/users?status=disabled&offset=4980&limit=50'),
      await get('/admin/users?q=P1@Example.com'),
    ]

    expect([totalOf(all), totalOf(disabled), totalOf(oldest)]).toEqual([
      ['50000', 'true'],
      ['5000', 'true'],
      ['1', null],
    ])
    expect([all.body.length, disabled.body.length]).toEqual([50, 20])
    expect([disabled.body[0].email, disabled.body[19].email]).toEqual(['p10200@example.com', 'p10010@example.com'])
    expect(oldest.body.map(({ email }: { email: string }) => email)).toEqual(['p1@example.com'])
  })

  test('a search with few matches returns short parts, and Link leads to every match once', async () => {
    const authd = await startAuthd({ database })
    await withUsers(authd)
    const get = await admin(authd)

    const pages = await follow(get, '/admin/users?q=p59999@&limit=10')
    const older = await follow(get, '/admin/users?q=p999@e&limit=10')
    const many = await follow(get, '/admin/users?q=99@e&limit=500')

    expect([sizesOf(pages), sizesOf(older)]).toEqual([
      [1, 0],
      [0, 1],
    ])
    const found = many.flatMap(({ body }) => body.map(({ email }: { email: string }) => email))
    expect([found.length, new Set(found).size, found.at(-1)]).toEqual([600, 600, 'p99@example.com'])
  })

  test('a command that lists all users shows each once', async () => {
    const authd = await startAuthd({ database })
    await withUsers(authd)

    const ids = await everybody(authd, { status: 'active' })

    expect([ids.length, new Set(ids).size, ids[0], ids.at(-1)]).toEqual([54_000, 54_000, 'usr_1059999', 'usr_1000001'])
  })

  test('mails are listed regardless of the number of webhooks', async () => {
    const authd = await startAuthd({ database })
    await authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })
    await authd.deps.db.write((trx) =>
      trx.run(
        `INSERT INTO outbox (id, kind, state, is_decoy, recipient, template, lang, created_at, due_at, expires_at)
         ${NUMBERS} SELECT 'whd_' || (1000000 + n), 'webhook', 'sent', 0, 'whe_1', '', '', n, n, n FROM numbers`,
      ),
    )
    const get = await admin(authd)

    const [mails, deliveries] = [await get('/admin/mail'), await get('/admin/webhook-deliveries?limit=10')]

    expect([mails.body.length, totalOf(mails)]).toEqual([1, ['1', null]])
    expect([deliveries.body.length, totalOf(deliveries)]).toEqual([10, ['50000', 'true']])
  })

  test('events are found by type, address and time, at any age', async () => {
    const authd = await startAuthd({ database })
    const startAt = authd.clock.now() - DAY
    await withEvents(authd, startAt)
    const get = await admin(authd)
    const at = (ms: number) => new Date(startAt + ms).toISOString()

    const rare = await follow(get, '/admin/audit?event=lockdown.*')
    const fromAddress = await follow(get, '/admin/audit?ip=203.0.113.9&limit=1')
    const fromNetwork = await follow(get, '/admin/audit?ip=203.0.113.0/24')
    const hour = await follow(get, `/admin/audit?since=${at(HOUR)}&until=${at(2 * HOUR)}&limit=1000`)
    const oldest = await get(`/admin/audit?until=${at(2 * SECOND)}`)

    expect([sizesOf(rare), sizesOf(fromAddress), sizesOf(fromNetwork)]).toEqual([
      [0, 1],
      [0, 1, 0],
      [0, 1],
    ])
    expect(sizesOf(hour)).toEqual([1000, 1000, 1000, 600])
    expect(oldest.body.map(({ seq }: { seq: number }) => seq)).toEqual([2, 1])
  })
})
