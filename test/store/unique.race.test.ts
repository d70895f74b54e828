import { expect, test } from 'vitest'
import { openDatabase } from '../../src/store/open.ts'
import { insertUser, updateUserEmail } from '../../src/store/users.ts'
import { freshDatabase } from '../support/databases.ts'

test('when two units insert one unique value at once, the later runs again and finds it taken (postgres)', async () => {
  const fresh = await freshDatabase('postgres')
  const db = await openDatabase(fresh.options)
  for (const id of ['usr_1', 'usr_2']) {
    const email = `${id}@example.com`
    await db.write((trx) =>
      insertUser(trx, { id, email, emailTyped: email, name: null, emailVerifiedAt: 0, createdAt: 0 }),
    )
  }
  const take = { email: 'new@example.com', emailTyped: 'new@example.com', emailVerifiedAt: 0 }
  const taken = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const first = db.write(async (trx) => {
    const isTaken = await updateUserEmail(trx, { id: 'usr_1', ...take })
    taken.resolve()
    await commit.promise
    return isTaken
  })
  await taken.promise
  const second = db.write((trx) => updateUserEmail(trx, { id: 'usr_2', ...take }))
  const isWaiting = () =>
    db.read((sql) => sql.one("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND state = 'active'"))
  while (!(await isWaiting())) {
    // Until the second unit waits for the first.
  }
  commit.resolve()

  expect(await Promise.all([first, second])).toEqual([true, false])
  await db.close()
  await fresh.remove()
})
