import { ScureBase32Plugin } from 'otplib'
import { expect, test } from 'vitest'
import { toBase32 } from '../../src/platform/base32.ts'
import { fc } from '../support/property.ts'

test('bytes are written as another implementation writes them, without padding', () => {
  const other = new ScureBase32Plugin()

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(toBase32(bytes)).toBe(other.encode(bytes).replace(/=+$/, ''))
    }),
  )
})
