import { expect, test } from 'vitest'
import { hideTokens, slowHash } from '../../src/platform/secret.ts'

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
