import { Flags } from '@oclif/core'
import { type Lockout, readLockouts } from '../../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

interface LockoutResource extends Omit<Lockout, 'until'> {
  until: string | null
}

const COLUMNS: Column<LockoutResource>[] = [
  { header: 'E-MAIL', isText: true, value: ({ email }) => email },
  { header: 'WHAT', value: ({ kind }) => kind },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'WRONG', value: ({ failures }) => failures },
  { header: 'UNTIL', value: ({ until }) => until, isTime: true },
]

export default operation({
  hasColumns: true,
  examples: ['authd lockouts list', 'authd lockouts list --user ada@example.com'],
  flags: { user: completing('users', Flags.string({ description: 'Only lockouts of this user.' })), ...listFlags },
  async run(deps, { flags, out }) {
    await out.parts(
      async (asked) => {
        const { rows, nextCursor } = await readLockouts(deps, { user: flags.user }, asked)
        return { rows: rows.map(present), nextCursor }
      },
      COLUMNS,
      flags,
    )
  },
})

function present({ until, ...rest }: Lockout): LockoutResource {
  return { ...rest, until: until === null ? null : toRfc3339(until) }
}
