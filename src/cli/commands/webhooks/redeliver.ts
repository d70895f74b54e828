import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { presentDelivery } from '../../../resources/webhook.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'
import { parseTime } from '../../output/time.ts'

export default class WebhooksRedeliver extends OperatorCommand {
  static override summary = 'Send deliveries again, under the same id, so that receivers know what they have.'
  static override examples = ['authd webhooks redeliver whd_06fb2m', 'authd webhooks redeliver --failed --since 24h']
  static override strict = false
  static override args = { id: Args.string({ description: 'Their ids; - reads them from stdin.' }) }
  static override flags = {
    failed: Flags.boolean({ description: 'All that were given up.' }),
    since: Flags.string({ description: 'With --failed: only those since then.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(WebhooksRedeliver)
    const named = await this.named(argv as string[])
    if (Boolean(flags.failed) === named.length > 0) {
      throw new AuthdError('USAGE', {
        message: 'name deliveries, or say --failed',
        suggestions: ['authd webhooks deliveries'],
      })
    }
    const since = flags.since === undefined ? undefined : parseTime(flags.since, 'since')
    const { idsOf, retryQueued } = await import('../../../flows/outbox/queue.ts')
    await this.withDeps(flags, async (deps) => {
      const ids = flags.failed ? await idsOf(deps, { kind: 'webhook', state: 'failed', since }) : named
      const again = await retryQueued(deps, this.operator(flags.reason), { kind: 'webhook', ids })
      const out = this.output(flags)
      const changes = again.map((item) => ({
        resource: presentDelivery(item),
        isChanged: true,
        text: `${item.id} is due now`,
      }))
      printChanges(out, flags, changes)
      if (again.length === 0) out.hint('Nothing to send again.')
    })
  }
}
