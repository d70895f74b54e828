import { Flags } from '@oclif/core'
import type { Lockout } from '../../../flows/policy/lockout-admin.ts'
import { listLockouts } from '../../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { operation } from '../../command.ts'
import type { Column } from '../../output/output.ts'

interface LockoutResource extends Omit<Lockout, 'until'> {
  until: string | null
}

const COLUMNS: Column<LockoutResource>[] = [
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'WHAT', value: ({ kind }) => kind },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'WRONG', value: ({ failures }) => failures },
  { header: 'UNTIL', value: ({ until }) => until, isTime: true },
]

export default operation({
  examples: ['authd lockouts list', 'authd lockouts list --user ada@example.com'],
  flags: { user: Flags.string({ description: 'Only lockouts of this user.' }) },
  async run(deps, { flags, out }) {
    const lockouts = await listLockouts(deps, { user: flags.user })
    const resources = lockouts.map(({ until, ...rest }) => ({
      ...rest,
      until: until === null ? null : toRfc3339(until),
    }))
    out.list(resources, COLUMNS)
  },
})
