import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parsePostgresUrl } from '../../src/platform/net/postgres-url.ts'
import type { Db } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { createConnector } from '../../src/store/postgres-connection.ts'
import { insertSystemConfig, listSystemConfig } from '../../src/store/system-config.ts'
import { freshDatabase } from '../support/databases.ts'
import { startOwnPostgres } from '../support/own-postgres.ts'
import { startProxy } from '../support/postgres-proxy.ts'
import { until } from '../support/until.ts'

const PEM = join(import.meta.dirname, '../support/localhost.pem')
const OTHER_PEM = join(import.meta.dirname, '../support/elsewhere.pem')

async function open(url: string): Promise<Db> {
  const db = await openDatabase({ url, path: '', busyTimeoutMs: 25, poolSize: 2, jitter: () => 0 })
  onTestFinished(() => db.close())
  return db
}

const put = (db: Db, key: string) => db.write((trx) => insertSystemConfig(trx, { key, value: '1', now: 0, by: 'test' }))
const keysIn = async (db: Db) => (await db.read((sql) => listSystemConfig(sql, ''))).map(({ key }) => key)
const socketOf = (url: URLSearchParams) => ({ path: `${url.get('host')}/.s.PGSQL.5432` })
const hasTls = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'

test('of several servers the one that takes writes is used, and after a failover the one that has taken over', async () => {
  const primary = await startOwnPostgres()
  const before = await open(`postgres://postgres@${primary.host}/postgres?sslmode=disable`)
  await migrate(before, 1)
  await before.close()
  await primary.stop()
  const standby = await startOwnPostgres({ standbyOf: primary })
  const copy = await startOwnPostgres({ standbyOf: primary })
  await copy.query('SELECT pg_promote()')
  await until(async () => expect(await copy.query('SELECT pg_is_in_recovery() AS is')).toEqual([{ is: false }]))
  const db = await open(`postgres://postgres@${standby.host},${copy.host}/postgres`)

  await put(db, 'first')
  const alone = await (await open(`postgres://postgres@${standby.host}/postgres?target_session_attrs=read-write`))
    .read((sql) => sql.one('SELECT 1'))
    .catch((error: unknown) => error)
  await copy.kill()
  const away = await put(db, 'lost').catch((error: unknown) => error)
  await standby.query('SELECT pg_promote()')
  await until(() => put(db, 'second'))

  expect(alone).toMatchObject({
    message: expect.stringContaining(`${standby.host}:5432 is read-only: it is a standby`),
  })
  expect(away).toMatchObject({
    name: 'StoreError',
    message: expect.stringMatching(/is read-only.* accepts no connections|accepts no connections.* is read-only/),
  })
  expect(await keysIn(db)).toEqual(['second'])
})

test('a server that is silent leaves time for the one that answers, which is tried first from then on', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const { searchParams, pathname } = new URL(options.url ?? '')
  const [silent, answering] = [await startProxy(socketOf(searchParams)), await startProxy(socketOf(searchParams))]
  silent.freeze()
  const url = `postgres://postgres@${silent.address},${answering.address}${pathname}?sslmode=disable&connect_timeout=10`
  const connector = createConnector(parsePostgresUrl(url))
  const connect = async () => await connector.connect(performance.now() + 4000)

  const first = await connect()
  const second = await connect()
  await Promise.all([first.close(), second.close()])

  expect([first.server, second.server]).toEqual([answering.address, answering.address])
  expect(silent.accepted()).toBe(1)
})

test('one connection waits for a silent server, the others do not, while another server says that it takes no writes', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const { searchParams } = new URL(options.url ?? '')
  const [silent, standby] = [await startProxy(socketOf(searchParams)), await startProxy(socketOf(searchParams))]
  silent.freeze()
  standby.shut()
  const connector = createConnector(
    parsePostgresUrl(`postgres://postgres@${silent.address},${standby.address}/postgres?sslmode=disable`),
  )
  const connect = async () => await connector.connect(performance.now() + 1000).catch(String)
  await connect()

  const messages = await Promise.all([connect(), connect(), connect()])

  expect(silent.accepted()).toBe(2)
  expect(messages.filter((message) => String(message).includes('does not answer'))).toHaveLength(1)
  expect(messages.filter((message) => String(message).includes('closed the connection'))).toHaveLength(3)
})

test('a server that was silent is used again once the others do not take writes', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const { searchParams, pathname } = new URL(options.url ?? '')
  const [back, away] = [await startProxy(socketOf(searchParams)), await startProxy(socketOf(searchParams))]
  const connector = createConnector(
    parsePostgresUrl(`postgres://postgres@${back.address},${away.address}${pathname}?sslmode=disable`),
  )
  const connect = async () => await connector.connect(performance.now() + 4000)
  back.shut()
  const before = await connect()
  back.open()
  away.shut()

  const after = await connect()
  await Promise.all([before.close(), after.close()])

  expect([before.server, after.server]).toEqual([away.address, back.address])
})

test('sslmode and sslrootcert do what they do in psql', async () => {
  const { host } = await startOwnPostgres({ certificate: PEM })
  const proxy = await startProxy({ host, port: 5432 })
  const ask = async (server: string, parameters: string) =>
    await (await open(`postgres://postgres@${server}/postgres?${parameters}`))
      .read((sql) => sql.one<{ ssl: boolean }>(hasTls))
      .then(
        (row) => row?.ssl,
        (error: unknown) => (error instanceof Error ? error.message : error),
      )
  const byName = `localhost:${proxy.port}`

  expect(await ask(host, 'sslmode=disable')).toBe(false)
  expect(await ask(host, 'sslmode=allow')).toBe(false)
  expect(await ask(host, '')).toBe(true)
  expect(await ask(host, 'sslmode=require')).toBe(true)
  expect(await ask(host, `sslmode=require&sslrootcert=${OTHER_PEM}`)).toMatch(/has a certificate that is rejected/)
  expect(await ask(host, `sslmode=verify-ca&sslrootcert=${PEM}`)).toBe(true)
  expect(await ask(host, `sslmode=verify-ca&sslrootcert=${OTHER_PEM}`)).toMatch(/has a certificate that is rejected/)
  expect(await ask(host, `sslmode=verify-full&sslrootcert=${PEM}`)).toMatch(/rejected \(ERR_TLS_CERT_ALTNAME_INVALID\)/)
  expect(await ask(byName, `sslmode=verify-full&sslrootcert=${PEM}`)).toBe(true)
  expect(await ask(byName, 'sslmode=verify-full')).toMatch(/has a certificate that is rejected/)
  expect(await ask(host, 'sslrootcert=system')).toMatch(/rejected/)
})

test('with a server that has no TLS, prefer goes without and require does not connect', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const { searchParams, pathname } = new URL(options.url ?? '')
  const proxy = await startProxy(socketOf(searchParams))
  const url = `postgres://postgres@${proxy.address}${pathname}`

  const preferred = await (await open(url)).read((sql) => sql.one(hasTls))
  const required = await (await open(`${url}?sslmode=require`)).read((sql) => sql.one(hasTls)).catch((error) => error)

  expect(preferred).toEqual({ ssl: false })
  expect(required).toMatchObject({
    message: `PostgreSQL at ${proxy.address} does not offer TLS. Turn it on there, or set sslmode in database.url.`,
  })
})
