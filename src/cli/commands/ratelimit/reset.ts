import { Args } from '@oclif/core'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class RatelimitReset extends OperatorCommand {
  static override summary = 'Forget what was counted for an address, mailbox, session or API key.'
  static override examples = ['authd ratelimit reset 203.0.113.9 --reason "office with 200 people"']
  static override args = { key: Args.string({ required: true, description: 'Address, mailbox, session or key id.' }) }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RatelimitReset)
    const { resetLimits } = await import('../../../flows/limits/rate-limit-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const forgotten = await resetLimits(deps, this.operator(flags.reason), args.key)
      const policies = forgotten.map(({ policy }) => policy)
      const text =
        policies.length > 0 ? `Forgot ${policies.join(', ')} of ${args.key}` : `Nothing was counted for ${args.key}`
      printChanges(this.output(flags), flags, [
        { resource: { key: args.key, policies }, isChanged: policies.length > 0, text },
      ])
    })
  }
}
