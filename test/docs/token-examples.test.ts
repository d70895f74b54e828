import { describe, test } from 'vitest'
import { examplesHere } from '../support/token-examples.ts'

describe.each(examplesHere().filter(({ isSlow }) => !isSlow))('the example in $name', ({ run }) => {
  test('accepts authd’s tokens across a rotation and an outage, and rejects all others', run)
})
