import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class LockoutsClear extends OperatorCommand {
  static override summary = 'Lift what wrong codes hold up, of a person or of an address.'
  static override examples = ['authd lockouts clear --user ada@example.com', 'authd lockouts clear --ip 203.0.113.9']
  static override flags = {
    user: Flags.string({ description: 'A person: the same as users unlock.' }),
    ip: Flags.string({ description: 'An address: its wrong proofs and requests.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(LockoutsClear)
    const { user, ip } = flags
    if (user === undefined && ip === undefined) {
      throw new AuthdError('USAGE', { message: 'whose? Give --user or --ip', suggestions: ['authd lockouts list'] })
    }
    const { unlockUsers } = await import('../../../flows/policy/lockout-admin.ts')
    const { resetLimits } = await import('../../../flows/limits/rate-limit-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const actor = this.operator(flags.reason)
      const people = user === undefined ? [] : await unlockUsers(deps, actor, [user])
      const lifted = people.flatMap((person) => person.lifted.map(({ kind }) => kind))
      const reset = ip === undefined ? [] : (await resetLimits(deps, actor, ip)).map(({ policy }) => policy)
      const cleared = [...lifted, ...reset]
      const whose = [user, ip].filter((name) => name !== undefined).join(' and ')
      const text = cleared.length > 0 ? `Cleared ${cleared.join(', ')} of ${whose}` : `Nothing held up ${whose}`
      const resource = { user: user ?? null, ip: ip ?? null, cleared }
      printChanges(this.output(flags), flags, [{ resource, isChanged: cleared.length > 0, text }])
    })
  }
}
