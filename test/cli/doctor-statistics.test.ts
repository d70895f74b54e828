import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { shell } from '../support/cli.ts'
import { freshPostgres } from '../support/postgres.ts'
import { until } from '../support/until.ts'

test('doctor says how old the statistics of PostgreSQL are, and warns of missing and outdated ones', async () => {
  const { url, drop } = await freshPostgres()
  onTestFinished(drop)
  const place = await shell()
  const env = { AUTHD_DATABASE_URL: url }
  await place.run(['migrate', 'up'], { env })
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  const change = async (sql: string) => {
    await client.query(sql)
    // The numbers of a session are otherwise seen a second later.
    await client.query('SELECT pg_stat_force_next_flush()')
  }
  const seen = (status: string, detail: RegExp) =>
    until(async () => {
      const { stdout } = await place.run(['doctor', '--json', '--only', 'db'], { env })
      const found = JSON.parse(stdout).checks.find(({ check }: { check: string }) => check === 'statistics')
      expect(found).toMatchObject({ status, detail: expect.stringMatching(detail) })
    })
  const fill = (from: number, to: number) =>
    `INSERT INTO system_config SELECT 'test.' || n, 'x', 0, 'test' FROM generate_series(${from}, ${to}) AS n`

  await seen('ok', /^no table is large enough to need any$/)
  await change(fill(1, 10_100))
  await seen('warn', /^never made for system_config$/)
  await change('ANALYZE system_config')
  await seen('ok', /^the oldest are of \d{4}-\d\d-\d\dT/)
  await change(fill(10_101, 30_000))
  await seen('warn', /^more than half has changed since in system_config; the oldest are of \d{4}-/)
})

test('doctor says that SQLite needs no statistics', async () => {
  const place = await shell()
  await place.run(['migrate'])

  const { stdout } = await place.run(['doctor', '--plain', '--only', 'db'])

  expect(stdout).toMatch(/^statistics +ok +SQLite needs none for the queries of authd$/m)
})
