import { Flags } from '@oclif/core'
import type { Lockout } from '../../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { OperatorCommand } from '../../command.ts'
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

export default class LockoutsList extends OperatorCommand {
  static override summary = 'What wrong codes hold up now: a factor braked or off, mails with long codes only.'
  static override examples = ['authd lockouts list', 'authd lockouts list --user ada@example.com']
  static override flags = { user: Flags.string({ description: 'Of one person.' }) }

  async run(): Promise<void> {
    const { flags } = await this.parse(LockoutsList)
    const { listLockouts } = await import('../../../flows/policy/lockout-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const lockouts = await listLockouts(deps, { user: flags.user })
      const resources = lockouts.map(({ until, ...rest }) => ({
        ...rest,
        until: until === null ? null : toRfc3339(until),
      }))
      this.output(flags).list(resources, COLUMNS)
    })
  }
}
