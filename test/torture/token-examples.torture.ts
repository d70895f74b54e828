import { describe, test } from 'vitest'
import { examplesHere } from '../support/token-examples.ts'

describe.each(examplesHere())('the example in $name', ({ run }) => {
  test('accepts authd’s tokens across a rotation and an outage, and rejects all others', run)
})
