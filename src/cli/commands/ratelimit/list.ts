import { Flags } from '@oclif/core'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { OperatorCommand } from '../../command.ts'
import { limitColumns } from '../../limit-columns.ts'

export default class RatelimitList extends OperatorCommand {
  static override summary = 'Who has used how much of the limits, the fullest first.'
  static override examples = ['authd ratelimit list', 'authd ratelimit list --limit 500 --json']
  static override flags = { limit: Flags.integer({ default: 20, min: 1, max: 10_000, description: 'How many.' }) }

  async run(): Promise<void> {
    const { flags } = await this.parse(RatelimitList)
    const { listLimits } = await import('../../../flows/limits/rate-limit-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const uses = await listLimits(deps, { limit: flags.limit })
      this.output(flags).list(uses.map(presentLimitUse), limitColumns)
    })
  }
}
