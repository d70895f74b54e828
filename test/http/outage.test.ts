import { expect, test } from 'vitest'
import { MINUTE } from '../../src/platform/clock.ts'
import { type Authd, startAuthd } from '../support/harness.ts'
import { refuseConnections } from '../support/postgres.ts'

/** An authd on PostgreSQL whose database refuses all connections until `allow` is called. */
async function cutOff() {
  const authd = await startAuthd({ database: 'postgres' })
  const name = await authd.deps.db.read((sql) => sql.one<{ name: string }>('SELECT current_database() AS name'))
  // The test's client reads the contract at its first request.
  await authd.browser().get('/liveness')
  const { allow } = await refuseConnections(name?.name ?? '')
  return { authd, allow }
}

const ask = (authd: Authd) => authd.browser().post('/v1/signin', { json: { email: 'ada@example.com' } })

test('an outage of the database is one line in the log, without a stack, and one when it ends', async () => {
  const { authd, allow } = await cutOff()
  const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await ask(authd)).status))
  const during = authd.log.lines.filter(({ message }) => message.startsWith('trouble'))
  authd.clock.advance(MINUTE)
  await allow()

  const after = await authd.browser().get('/readiness')

  expect(new Set(statuses)).toEqual(new Set([503]))
  expect(during.map(({ message }) => message)).toEqual(['trouble began'])
  expect(JSON.stringify(during)).not.toContain('stack')
  expect([after.status, after.body.problems]).toEqual([200, []])
  expect(authd.log.lines.at(-2)).toMatchObject({ message: 'trouble ended', fields: { what: 'database' } })
})

test('while the database is away, readiness says since when, and metrics are served', async () => {
  const { authd, allow } = await cutOff()
  const since = new Date(authd.clock.now()).toISOString()
  await ask(authd)
  authd.clock.advance(MINUTE)

  const readiness = await authd.browser().get('/readiness')
  const metrics = await authd.browser().get('/metrics')
  await allow()
  await authd.browser().get('/readiness')
  const later = await authd.browser().get('/metrics')

  expect([readiness.status, readiness.body]).toMatchObject([
    503,
    { status: 'unready', checks: { database: 'failed' }, problems: [{ what: 'database', since }] },
  ])
  expect(metrics.status).toBe(200)
  expect(metrics.body).toContain('process_resident_memory_bytes')
  expect(metrics.body).toContain('\nauthd_database_up 0\n')
  expect(metrics.body).toContain(
    `authd_trouble_since_timestamp_seconds{what="database"} ${Math.floor(Date.parse(since) / 1000)}`,
  )
  expect(later.body).toContain('\nauthd_database_up 1\n')
  expect(later.body).toContain('authd_trouble_since_timestamp_seconds{what="database"} 0')
})

test.each(['sqlite', 'postgres'] as const)(
  'a daemon goes on after a newer authd has migrated its database (%s)',
  async (database) => {
    const authd = await startAuthd({ database })
    await authd.deps.db.write((trx) =>
      trx.run("INSERT INTO schema_migrations (id, applied_at) VALUES ('9999_of_a_newer_authd', 1)"),
    )

    const [readiness, signin] = [await authd.browser().get('/readiness'), await ask(authd)]

    expect([readiness.status, readiness.body.checks.schema, signin.status]).toEqual([200, 'ok', 201])
  },
)
