import { expect, test } from 'vitest'
import { hideTokens } from '../../src/platform/secret.ts'
import { fewAtOnce, HashesBusy, slowHash } from '../../src/platform/slow-hash.ts'
import { until } from '../support/until.ts'

test('a recovery code hashes to the same value in every version, with scrypt at N = 2^15, r = 8, p = 1', async () => {
  const hash = await slowHash('AAAABBBB0001', 'salt')

  // As Python's hashlib.scrypt computes it.
  expect(hash).toBe('VYLEqBv_kYGBJPdiRlaAtfRUlCRc12Jd0iXsaakFO1g')
})

const ID = '0'.repeat(26)
const SECRET = 'A'.repeat(43)

test.each(['ses', 'att', 'dev', 'key', 'chk', 'inv', 'rec', 'emc'])(
  'the secret of a token %s_… is hidden',
  (prefix) => {
    const hidden = hideTokens(`GET /x?token=${prefix}_${ID}.${SECRET} and more`)

    expect(hidden).toBe(`GET /x?token=${prefix}_${ID}.[redacted] and more`)
  },
)

test('refresh tokens and access tokens are hidden', () => {
  const hidden = hideTokens(`rt_${ID}.12.${SECRET} eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ1c3IifQ.${SECRET}`)

  expect(hidden).toBe('token.[redacted] token.[redacted]')
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
