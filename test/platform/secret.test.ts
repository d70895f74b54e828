import { expect, test } from 'vitest'
import { fewAtOnce, HashesBusy, slowHash } from '../../src/platform/secret.ts'
import { until } from '../support/until.ts'

test('a recovery code hashes to the same value in every version, with scrypt at N = 2^15, r = 8, p = 1', async () => {
  const hash = await slowHash('AAAABBBB0001', 'salt')

  // As Python's hashlib.scrypt computes it.
  expect(hash).toBe('VYLEqBv_kYGBJPdiRlaAtfRUlCRc12Jd0iXsaakFO1g')
})

test('two slow hashes run at once, eight wait, and any other is refused', async () => {
  const ends: (() => void)[] = []
  const hash = fewAtOnce(async (code) => {
    await new Promise<void>((resolve) => ends.push(resolve))
    return code
  })

  const asked = Promise.allSettled(Array.from({ length: 20 }, (_, at) => hash(String(at), 'salt')))
  const running: number[] = []
  for (let done = 0; done < 10; done += 1) {
    await until(() => expect(ends.length).toBeGreaterThan(done))
    running.push(ends.length - done)
    ends[done]?.()
  }

  const results = await asked
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10)
  expect(results.slice(10).every((result) => result.status === 'rejected' && result.reason instanceof HashesBusy)).toBe(
    true,
  )
  expect(Math.max(...running)).toBe(2)
})

test('a slow hash that fails makes room for the next', async () => {
  let isBroken = true
  const hash = fewAtOnce(async (code) => {
    if (isBroken) throw new Error('out of memory')
    return code
  })

  await Promise.allSettled(Array.from({ length: 10 }, () => hash('code', 'salt')))
  isBroken = false

  expect(await Promise.all(Array.from({ length: 10 }, () => hash('code', 'salt')))).toHaveLength(10)
})
