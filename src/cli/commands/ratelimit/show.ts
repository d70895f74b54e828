import { Args } from '@oclif/core'
import { presentLimitUse } from '../../../resources/rate-limit.ts'
import { OperatorCommand } from '../../command.ts'
import { limitColumns } from '../../limit-columns.ts'

export default class RatelimitShow extends OperatorCommand {
  static override summary = 'What one address, mailbox, session or API key has used.'
  static override examples = ['authd ratelimit show 203.0.113.9', 'authd ratelimit show ada@example.com']
  static override args = { key: Args.string({ required: true, description: 'Address, mailbox, session or key id.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RatelimitShow)
    const { listLimits } = await import('../../../flows/limits/rate-limit-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const uses = await listLimits(deps, { key: args.key, limit: 100 })
      this.output(flags).list(uses.map(presentLimitUse), limitColumns)
    })
  }
}
