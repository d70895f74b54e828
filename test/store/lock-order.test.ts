import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/open.ts'
import { deleteRecoveryCodes } from '../../src/store/recovery-codes.ts'
import { lockUser } from '../../src/store/users.ts'
import { freshDatabase } from '../support/databases.ts'
import { inLockOrder, lockedBy, OF_A_USER } from '../support/lock-order.ts'

test.each([
  ['UPDATE sessions SET amr = ?', ['sessions']],
  ['\n  DELETE FROM outbox WHERE id IN (SELECT id FROM users)', ['outbox']],
  ['INSERT INTO users (id) VALUES (?)', ['users']],
  ['INSERT INTO sessions (id, user_id) VALUES (?, ?)', ['users', 'sessions']],
  ['SELECT id FROM users WHERE id = ? FOR UPDATE', ['users']],
  ['SELECT id FROM users WHERE id = ? /* FOR UPDATE */', ['users']],
  ['SELECT id FROM sessions JOIN users ON true FOR UPDATE OF sessions', ['sessions']],
  ['SELECT id FROM api_keys WHERE id = ? FOR SHARE', ['api_keys']],
  ['SELECT COALESCE((SELECT epoch FROM change_epochs), 0) FROM users FOR UPDATE', ['users']],
  ['SELECT id FROM users WHERE id = ?', []],
])('the rows that a statement locks are known: %s → %s', (text, tables) => {
  expect(lockedBy(text)).toEqual(tables)
})

test('the tables whose rows belong to a user are known', async () => {
  const { options, remove } = await freshDatabase('sqlite')
  const db = await openDatabase(options)
  onTestFinished(async () => {
    await db.close()
    await remove()
  })

  const rows = await db.read((sql) =>
    sql.all<{ name: string }>(
      `SELECT tables.name FROM sqlite_schema AS tables JOIN pragma_foreign_key_list(tables.name) AS keys
       WHERE keys."table" = 'users' ORDER BY tables.name`,
    ),
  )

  expect(rows.map(({ name }) => name)).toEqual([...OF_A_USER])
})

test.each(['sqlite', 'postgres'] as const)(
  'a unit of a test fails if it locks a user after another row (%s)',
  async (dialect) => {
    const { options, remove } = await freshDatabase(dialect)
    const db = inLockOrder(await openDatabase(options))
    onTestFinished(async () => {
      await db.close()
      await remove()
    })

    const late = db.write(async (trx) => {
      await deleteRecoveryCodes(trx, 'ada', 0)
      return await lockUser(trx, 'ada')
    })

    await expect(late).rejects.toThrow('locks users after recovery_codes')
  },
)
