import { z } from 'zod'
import { listLockouts } from '../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { sample, timeField } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const lockoutResource = z
  .strictObject({
    kind: sample('totp').describe('The kind of code.'),
    email: sample('ada@example.com').describe('The address of a user, or one that was typed.'),
    failures: z
      .int()
      .meta({ examples: [7] })
      .describe('The number of wrong codes.'),
    state: z.enum(['locked', 'off', 'long_codes', 'used_up']).describe('What the wrong codes caused.'),
    until: timeField
      .nullable()
      .meta({ examples: ['2026-11-26T12:02:00.000Z'] })
      .describe('When it ends. `null`: when an operator unlocks the user.'),
  })
  .meta({ id: 'Lockout', description: 'A lockout caused by wrong codes.' })

const lockouts = endpoint({
  name: 'listLockouts',
  method: 'GET',
  path: '/admin/lockouts',
  summary: 'List the lockouts caused by wrong codes.',
  tag: 'Admin: users',
  guard: { scope: 'users:read' },
  answers: {
    200: {
      text: 'All lockouts.',
      schema: z.array(lockoutResource),
    },
  },
  async handle(deps) {
    const held = await listLockouts(deps)
    const body = held.map(({ until, ...rest }) => ({ ...rest, until: until === null ? null : toRfc3339(until) }))
    return { status: 200, body }
  },
})

export const adminLockoutEndpoints = [lockouts]
