import { expect, test } from 'vitest'
import { isKnownDevice, rememberDevice } from '../../src/store/devices.ts'
import { describeOnBoth } from '../support/databases.ts'
import { addUser, LATER, NOW } from '../support/rows.ts'

describeOnBoth('the known devices of a user', (open) => {
  test('are bounded: a new one replaces those unused for longest, and never itself or those of others', async () => {
    const db = await open()
    await addUser(db, 'usr_1')
    await addUser(db, 'usr_2')
    const remember = (userId: string, deviceDigest: string, expiresAt: number, most = 3) =>
      db.write((trx) => rememberDevice(trx, { userId, deviceDigest, now: NOW, expiresAt, most }))
    const known = async (userId: string) => {
      const digests = ['a', 'b', 'c', 'd', 'e']
      const isKnown = (deviceDigest: string) => db.read((sql) => isKnownDevice(sql, { userId, deviceDigest, now: NOW }))
      const found = await Promise.all(digests.map(isKnown))
      return digests.filter((_, n) => found[n]).join('')
    }
    for (const [n, digest] of ['a', 'b', 'c'].entries()) {
      await remember('usr_1', digest, LATER + n)
      await remember('usr_2', digest, LATER + n)
    }

    await remember('usr_1', 'a', LATER + 10)
    const afterKnown = await known('usr_1')
    await remember('usr_1', 'd', LATER + 11)
    const afterNew = await known('usr_1')
    // As after a step of the clock.
    await remember('usr_1', 'e', LATER - 10)

    expect([afterKnown, afterNew, await known('usr_1')]).toEqual(['abc', 'acd', 'ade'])
    expect(await known('usr_2')).toBe('abc')
  })

  test('above a limit that was lowered go in parts', async () => {
    const db = await open()
    await addUser(db, 'usr_1')
    const remember = (deviceDigest: string, most: number) =>
      db.write((trx) => rememberDevice(trx, { userId: 'usr_1', deviceDigest, now: NOW, expiresAt: LATER, most }))
    for (let n = 0; n < 250; n += 1) await remember(`old ${n}`, 1000)
    const count = async () => (await db.read((sql) => sql.all('SELECT 1 FROM devices'))).length

    const left: number[] = []
    for (let n = 0; n < 3; n += 1) {
      await remember(`new ${n}`, 10)
      left.push(await count())
    }

    expect(left).toEqual([151, 52, 10])
  })
})
