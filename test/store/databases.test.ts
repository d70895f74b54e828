import { expect, test } from 'vitest'
import { schemaState } from '../../src/store/migrate.ts'
import { describeOnBoth } from '../support/databases.ts'

describeOnBoth('a fresh database', (open) => {
  test('has every table of this build and takes a write', async () => {
    const db = await open()

    const count = await db.write((trx) => trx.run('DELETE FROM users'))

    expect(count).toBe(0)
    expect((await schemaState(db)).migrations.every(({ appliedAt }) => appliedAt !== null)).toBe(true)
  })

  test('tells the time of its server, if it has one', async () => {
    const db = await open()
    const before = Date.now()

    const theirs = await db.time()

    // The server runs on this machine, so both clocks are one.
    expect(theirs ?? before).toBeGreaterThanOrEqual(before)
    expect(theirs ?? before).toBeLessThanOrEqual(Date.now())
    expect(theirs === undefined).toBe(db.dialect === 'sqlite')
  })

  test('belongs to this test alone', async () => {
    const [one, other] = [await open(), await open()]

    await one.write((trx) => trx.run('CREATE TABLE only_here (id text)'))

    await expect(other.read((sql) => sql.all('SELECT id FROM only_here'))).rejects.toThrow()
  })
})
