import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MIGRATIONS } from '../../migrations/index.ts'
import { checkSchema } from '../../src/flows/operator/schema.ts'
import { claimServerSecret } from '../../src/flows/server-secret.ts'
import { keysFrom } from '../../src/platform/derived-keys.ts'
import { systemRandom } from '../../src/platform/random.ts'
import { copySqliteFirst } from '../../src/startup/copy-sqlite-first.ts'
import { hasPendingMigrations, migrate, schemaState } from '../../src/store/migrate.ts'
import { openDatabase } from '../../src/store/open.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { isEmptySqlite } from '../../src/store/sqlite-backup.ts'
import { findSystemConfig, insertSystemConfig } from '../../src/store/system-config.ts'
import { emptyDatabase } from '../support/databases.ts'
import { fakeClock } from '../support/fakes.ts'

const ALL = MIGRATIONS.map(({ id }) => id)

async function openEmpty(dialect: 'sqlite' | 'postgres') {
  const { options, remove } = await emptyDatabase(dialect)
  const db = await openDatabase(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })
  return { db, options }
}

describe.each(['sqlite', 'postgres'] as const)('migrations on %s', (dialect) => {
  test('create all tables in an empty database, and a second run finds nothing to do', async () => {
    const { db } = await openEmpty(dialect)

    const first = await migrate(db, 1)
    const second = await migrate(db, 2)

    expect([first, second]).toEqual([ALL, []])
    expect((await schemaState(db)).migrations.every(({ appliedAt }) => appliedAt === 1)).toBe(true)
    expect(await db.read(hasPendingMigrations)).toBe(false)
  })

  test('SECURITY: a migration that fails half-way leaves nothing behind', async () => {
    const { db } = await openEmpty(dialect)
    // The last migration will want this name.
    await db.write((trx) => trx.run('CREATE TABLE leases (mine text)'))

    const outcome = migrate(db, 1)

    await expect(outcome).rejects.toThrow(/leases/)
    await expect(db.read((sql) => sql.one('SELECT id FROM users'))).rejects.toThrow(/users/)
    expect((await schemaState(db)).migrations.every(({ appliedAt }) => appliedAt === null)).toBe(true)
    await db.write((trx) => trx.run('DROP TABLE leases'))
    expect(await migrate(db, 2)).toEqual(ALL)
  })

  test('a database that a newer authd wrote is rejected with an explanation', async () => {
    const { db } = await openEmpty(dialect)
    await migrate(db, 1)

    await db.write((trx) => trx.run("INSERT INTO schema_migrations (id, applied_at) VALUES ('9999_future', 1)"))

    await expect(checkSchema(db)).rejects.toMatchObject({
      code: 'SCHEMA_NEWER',
      message: expect.stringContaining('9999_future'),
    })
  })

  test('a database that belongs to another server secret is rejected, and the first of two claims wins', async () => {
    const { db } = await openEmpty(dialect)
    await migrate(db, 1)
    const clock = fakeClock()
    const claim = (secret: string) =>
      claimServerSecret({ db, clock, keys: keysFrom(Buffer.from(secret), systemRandom(clock)) })

    const outcomes = await Promise.allSettled([claim('a'.repeat(32)), claim('b'.repeat(32))])

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'SECRET_MISMATCH' } })
  })
})

test('when two processes migrate PostgreSQL at once, one does, and the other fails as busy or finds it done', async () => {
  const { db } = await openEmpty('postgres')

  const outcomes = await Promise.allSettled([migrate(db, 1), migrate(db, 2)])

  const applied = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []))
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.kind] : []))
  expect(applied).toEqual(ALL)
  expect(reasons.filter((kind) => kind !== 'busy')).toEqual([])
})

test('two processes that migrate one SQLite file at once both succeed, and each migration is applied once', async () => {
  const { db, options } = await openEmpty('sqlite')
  const script = `
    const { openSqlite } = await import('./src/store/sqlite.ts')
    const { migrate } = await import('./src/store/migrate.ts')
    const db = openSqlite({ path: process.argv[1], busyTimeoutMs: 5000 })
    console.log((await migrate(db, 1)).length)
    await db.close()`
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, options.path])

  const outputs = await Promise.all([run(), run(), run()])

  expect(outputs.map(({ stdout }) => Number(stdout)).sort()).toEqual([0, 0, ALL.length])
  expect(await migrate(db, 2)).toEqual([])
})

test('a migration fails as busy while another process holds the lock of the file', async () => {
  const { options } = await openEmpty('sqlite')
  const other = openSqlite({ path: options.path, busyTimeoutMs: 25, lockWaitMs: 50 })
  onTestFinished(() => other.close())

  const outcome = await other.write(() => migrate(other, 1).catch((error: unknown) => error))

  expect(outcome).toMatchObject({ name: 'StoreError', kind: 'busy' })
})

test('a backup of a file in use opens and has everything committed; an empty file needs none', async () => {
  const { db, options } = await openEmpty('sqlite')
  const before = isEmptySqlite(options.path)
  await migrate(db, 1)
  await db.write((trx) => insertSystemConfig(trx, { key: 'kept', value: '1', now: 0, by: 'test' }))

  const target =
    (await copySqliteFirst({ database: { path: options.path, url: undefined } }, '2026-11-29T00-00-00Z')) ?? ''
  const copy = openSqlite({ path: target, busyTimeoutMs: 25 })
  const kept = await copy.read((sql) => findSystemConfig(sql, 'kept'))
  await copy.close()
  const modes = await Promise.all([stat(target), stat(options.path), stat(`${options.path}-wal`)])

  expect([before, kept]).toEqual([true, '1'])
  expect(modes.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600])
})

test('a backup ends beside a writer that commits in every turn of the event loop', async () => {
  const { db, options } = await openEmpty('sqlite')
  await migrate(db, 1)
  // More pages than a step of SQLite's backup takes by default. A commit between two steps makes it begin anew.
  await db.write((trx) => trx.run("INSERT INTO system_config VALUES ('large', hex(zeroblob(1000000)), 0, 'test')"))
  const writer = new DatabaseSync(options.path, { timeout: 5000 })
  onTestFinished(() => writer.close())
  let commits = 0
  let isOver = false
  const write = async () => {
    for (; !isOver; commits += 1) {
      writer.exec("UPDATE system_config SET updated_at = updated_at + 1 WHERE key = 'large'")
      await nextTurn()
    }
  }

  const writing = write()
  const copy = await copySqliteFirst({ database: { path: options.path, url: undefined } }, '2026-11-29T00-00-00Z')
  isOver = true
  await writing

  expect([copy !== undefined, commits > 0]).toEqual([true, true])
})

test.each(['sqlite', 'postgres'] as const)(
  'a user who had a verified address before it was stored keeps counting as verified (%s)',
  async (dialect) => {
    const { db } = await openEmpty(dialect)
    await migrate(db, 1)
    await db.write(async (trx) => {
      await trx.run('ALTER TABLE users DROP COLUMN first_verified_at')
      await trx.run("DELETE FROM schema_migrations WHERE id = '0013_first_verified_at'")
      const user = 'INSERT INTO users (id, email, email_typed, created_at, email_verified_at, last_seen_at) VALUES'
      await trx.run(`${user} ('verified', 'a', 'a', 1, 5, NULL), ('added', 'b', 'b', 1, NULL, NULL),
        ('recovered', 'c', 'c', 1, NULL, 7), ('changed', 'd', 'd', 1, NULL, 7), ('corrected', 'e', 'e', 1, NULL, NULL)`)
      await trx.run(`INSERT INTO email_changes
        (id, user_id, old_email, old_email_typed, new_email, restore_digest, changed_at, restorable_until) VALUES
        ('1', 'changed', 'x', 'x', 'd', 'x', 8, 9), ('2', 'corrected', 'y', 'y', 'e', 'y', 8, 9)`)
    })

    await migrate(db, 2)
    const rows = await db.read((sql) =>
      sql.all<Record<string, unknown>>('SELECT id, first_verified_at FROM users ORDER BY id'),
    )

    expect(rows.map((row) => Object.values(row))).toEqual([
      ['added', null],
      ['changed', 1],
      ['corrected', null],
      ['recovered', null],
      ['verified', 5],
    ])
  },
)
