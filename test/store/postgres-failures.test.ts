import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import type { Db } from '../../src/store/db.ts'
import { openDatabase } from '../../src/store/open.ts'
import { insertUser, listUsers } from '../../src/store/users.ts'
import { freshDatabase } from '../support/databases.ts'
import { type PostgresProxy, startProxy } from '../support/postgres-proxy.ts'

/** A database behind a network of its own. */
async function openBehindProxy(): Promise<{ db: Db; proxy: PostgresProxy; other: Db }> {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const url = new URL(options.url ?? '')
  const proxy = await startProxy({ path: `${url.searchParams.get('host')}/.s.PGSQL.5432` })
  const behind = `postgres://postgres@${proxy.address}${url.pathname}`
  return { proxy, db: await open({ ...options, url: behind }), other: await open(options) }
}

async function open(options: Parameters<typeof openDatabase>[0]): Promise<Db> {
  const db = await openDatabase(options)
  onTestFinished(() => db.close())
  return db
}

const add = (name: string) => async (trx: Parameters<Parameters<Db['write']>[0]>[0]) => {
  const email = `${name}@example.com`
  await insertUser(trx, { id: `usr_${name}`, email, emailTyped: email, name, emailVerifiedAt: null, createdAt: 0 })
}
const namesIn = async (db: Db) => (await db.read((sql) => listUsers(sql, {}, 100))).map(({ name }) => name).sort()
const works = (db: Db) => db.write(async () => 'works')

test('a server that is away is named with the reason and the next step, and is used again once it is back', async () => {
  const { db, proxy } = await openBehindProxy()
  await works(db)
  await proxy.close()

  const failure = await works(db).catch((error: unknown) => error)
  await proxy.reopen()

  expect(failure).toMatchObject({
    name: 'StoreError',
    kind: 'unavailable',
    message: `PostgreSQL at ${proxy.address} accepts no connections (ECONNREFUSED). Start it, or correct host and port in database.url.`,
  })
  expect(await works(db)).toBe('works')
})

test.each([
  ['ECONNREFUSED', 'postgres://u@127.0.0.1:1/db', /at 127\.0\.0\.1:1 accepts no connections/],
  ['ENOENT', 'postgres://u@/db?host=/nowhere', /at \/nowhere\/\.s\.PGSQL\.5432 accepts no connections \(ENOENT\)/],
  ['ENOTFOUND', 'postgres://u@db.invalid/db', /at db\.invalid:5432 cannot be found: its name has no address/],
  ['TLS', '{server}&sslmode=verify-ca&sslrootcert=/nowhere/root.crt', /sslrootcert of database\.url cannot be read/],
])('a database.url that leads nowhere is told apart: %s', async (_, written, says) => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const url = written.replace('{server}', options.url ?? '').replace(/(host=[^&]*)&/, 'host=localhost&')

  const failure = await openDatabase({ ...options, url })
    .then(works)
    .catch((error: unknown) => error)

  expect(failure).toMatchObject({ name: 'StoreError', kind: 'unavailable', message: expect.stringMatching(says) })
})

test('an unknown database and an unknown user are told in the words of the server', async () => {
  const { options, remove } = await freshDatabase('postgres')
  onTestFinished(remove)
  const other = (from: RegExp, to: string) => open({ ...options, url: (options.url ?? '').replace(from, to) })

  const noDatabase = await works(await other(/localhost\/\w+/, 'localhost/nowhere')).catch((error: unknown) => error)
  const noUser = await works(await other(/postgres@/, 'nobody@')).catch((error: unknown) => error)

  expect(noDatabase).toMatchObject({
    message: expect.stringMatching(/has no such database: database "nowhere" does not exist \(3D000\)\. Create it/),
  })
  expect(noUser).toMatchObject({
    message: expect.stringMatching(/rejected the user: .*"nobody" .*\(28000\)\. Correct/),
  })
})

test('a unit whose connection breaks before its commit is run again, and counts once', async () => {
  const { db, proxy, other } = await openBehindProxy()
  let runs = 0

  await db.write(async (trx) => {
    runs += 1
    await add('ada')(trx)
    if (runs === 1) proxy.cut()
    await add('bob')(trx)
  })

  expect(runs).toBe(2)
  expect(await namesIn(other)).toEqual(['ada', 'bob'])
})

test('a unit whose connection always breaks is tried twice, and nothing of it stays', async () => {
  const { db, proxy, other } = await openBehindProxy()
  let runs = 0

  const failing = db.write(async (trx) => {
    runs += 1
    await add('ada')(trx)
    proxy.cut()
    await add('bob')(trx)
  })

  await expect(failing).rejects.toMatchObject({ name: 'StoreError', kind: 'unavailable' })
  expect(runs).toBe(2)
  expect(await namesIn(other)).toEqual([])
})

test('a commit without an answer is reported as unknown, and not repeated', async () => {
  const { db, proxy, other } = await openBehindProxy()
  let runs = 0
  // The server gets the COMMIT, and its answer is lost.
  proxy.watch((data) => {
    if (data.includes('COMMIT')) setImmediate(() => proxy.cut())
    return true
  })

  const failing = db.write(async (trx) => {
    runs += 1
    await add('ada')(trx)
  })

  await expect(failing).rejects.toMatchObject({ name: 'StoreError', kind: 'unknown' })
  expect(runs).toBe(1)
  expect([[], ['ada']]).toContainEqual(await namesIn(other))
})

test('when the network drops everything, a unit ends as unavailable in time, and the next one gets a new connection', async () => {
  const { db, proxy } = await openBehindProxy()
  await works(db)
  proxy.freeze()

  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => works(db)))
  await proxy.close()
  await proxy.reopen()

  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.name)).toEqual(
    Array.from({ length: 12 }, () => 'StoreError'),
  )
  expect(await works(db)).toBe('works')
})

test('a statement that was prepared before a column was added still works', async () => {
  const { db, other } = await openBehindProxy()
  const read = () => db.read((sql) => sql.all('SELECT * FROM leases'))
  await read()

  await other.write((trx) => trx.run('ALTER TABLE leases ADD COLUMN remark text'))

  expect(await read()).toEqual([])
})

test('units that a read-only server refuses are tried on a new connection', async () => {
  const { db, other } = await openBehindProxy()
  const setReadOnly = (value: string) =>
    other.write(async (trx) => {
      const { name } = (await trx.one<{ name: string }>('SELECT current_database() AS name')) ?? { name: '' }
      await trx.run(`ALTER DATABASE ${pg.escapeIdentifier(name)} SET default_transaction_read_only = ${value}`)
    })
  await setReadOnly('on')
  await db.read((sql) => sql.one('SELECT 1'))
  const refused = await db.write(add('eve')).catch((error: unknown) => error)
  await db.read((sql) => sql.one('SELECT 1'))

  await setReadOnly('off')

  expect(refused).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/is read-only.*25006/) })
  await db.write(add('ada'))
  expect(await namesIn(db)).toEqual(['ada'])
})

test('a pool waits for a connection in bounds, and a silent server does not keep it from closing', async () => {
  const { db, proxy } = await openBehindProxy()
  await works(db)
  proxy.freeze()

  await db.close()

  await expect(works(db)).rejects.toMatchObject({ name: 'StoreError', message: 'The database is closed.' })
})
