import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../src/store/open.ts'
import { deleteRecoveryCodes } from '../../src/store/recovery-codes.ts'
import { lockUser } from '../../src/store/users.ts'
import { freshDatabase } from '../support/databases.ts'
import { inLockOrder, lockedBy } from '../support/lock-order.ts'

test.each([
  ['UPDATE sessions SET amr = ?', 'sessions'],
  ['\n  DELETE FROM outbox WHERE id IN (SELECT id FROM users)', 'outbox'],
  ['INSERT INTO users (id) VALUES (?)', 'users'],
  ['SELECT id FROM users WHERE id = ? FOR UPDATE', 'users'],
  ['SELECT id FROM sessions JOIN users ON true FOR UPDATE OF sessions', 'sessions'],
  ['SELECT id FROM api_keys WHERE id = ? FOR SHARE', 'api_keys'],
  ['SELECT id FROM users WHERE id = ?', undefined],
])('the rows that a statement locks are known: %s → %s', (text, table) => {
  expect(lockedBy(text)).toBe(table)
})

test('a unit of a test fails if it locks a user after another row', async () => {
  const { options, remove } = await freshDatabase('postgres')
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
})
