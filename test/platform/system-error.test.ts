import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { systemReason, systemTrouble } from '../../src/platform/system-error.ts'
import { fc } from '../support/property.ts'

const ofSystem = (errno: unknown, code = 'EACCES') =>
  Object.assign(new Error('as Node says it'), { errno, code, syscall: 'rm' })

test('an error of the operating system has the same words, whatever sign Node gives its number', () => {
  const { EACCES, ENOSPC } = constants.errno

  const reasons = [-EACCES, EACCES, -ENOSPC, ENOSPC].map((errno) => systemReason(ofSystem(errno)))

  expect(reasons).toEqual([
    'permission denied',
    'permission denied',
    'no space left on device',
    'no space left on device',
  ])
})

test('no number of an error makes its explanation fail', () => {
  const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, Number.NaN, Infinity, undefined, '13'))
  const said = (errno: unknown) => [systemReason(ofSystem(errno)), systemTrouble(ofSystem(errno))?.message]

  fc.assert(fc.property(numbers, (errno) => said(errno).every((text) => typeof text === 'string' && text !== '')))
})

test('a file that cannot be removed has a reason', () => {
  let thrown: unknown
  try {
    rmSync('/proc/self/status')
  } catch (error) {
    thrown = error
  }

  expect(systemTrouble(thrown)?.message).toMatch(/^rm \/proc\/self\/status: [a-z ]+$/)
})
