import { Args } from '@oclif/core'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class SuppressionsClear extends OperatorCommand {
  static override summary = 'Let addresses be mailed again, and forget what was refused before.'
  static override examples = ['authd suppressions clear ada@example.com --reason "mailbox is back"']
  static override strict = false
  static override args = {
    email: Args.string({ required: true, description: 'Addresses; - reads them from stdin.' }),
  }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(SuppressionsClear)
    const { clearSuppression } = await import('../../../flows/outbox/suppression.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const changes = []
      for (const name of names) {
        const { address, isChanged } = await clearSuppression(deps, this.operator(flags.reason), name)
        const text = isChanged ? `${address} may be mailed again` : `Nothing was counted against ${address}`
        changes.push({ resource: { email: address, cleared: isChanged }, isChanged, text })
      }
      printChanges(this.output(flags), flags, changes)
    })
  }
}
