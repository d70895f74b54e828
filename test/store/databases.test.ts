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

  test('belongs to this test alone', async () => {
    const [one, other] = [await open(), await open()]

    await one.write((trx) => trx.run('CREATE TABLE only_here (id text)'))

    await expect(other.read((sql) => sql.all('SELECT id FROM only_here'))).rejects.toThrow()
  })
})
