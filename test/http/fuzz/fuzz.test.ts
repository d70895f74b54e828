import { describe, expect, test } from 'vitest'
import { ROUTES } from './calls.ts'
import { caller, fuzz } from './fuzz.ts'

describe.each([
  ['sqlite', 5],
  ['postgres', 1],
] as const)('generated calls with the credentials of one user, on %s', (database, callsEach) => {
  test('never read or change another user, never break the server, never pass when malformed', async () => {
    await fuzz(database, { callsEach })
  })
})

test('the fuzzer succeeds with each route of the document when it leaves the request as it is', async () => {
  const failed: string[] = []
  const make = caller('sqlite')

  for (const { name } of ROUTES) {
    const { status } = await make({ route: name, caller: 'rightful', change: { kind: 'none' } })
    if (status >= 300) failed.push(`${name} → ${status}`)
  }

  expect(failed).toEqual([])
})
