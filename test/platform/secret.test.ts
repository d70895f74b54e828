import { expect, test } from 'vitest'
import { slowHash } from '../../src/platform/secret.ts'

test('a recovery code hashes to the same value in every version, with scrypt at N = 2^15, r = 8, p = 1', async () => {
  const hash = await slowHash('AAAABBBB0001', 'salt')

  // As Python's hashlib.scrypt computes it.
  expect(hash).toBe('VYLEqBv_kYGBJPdiRlaAtfRUlCRc12Jd0iXsaakFO1g')
})
