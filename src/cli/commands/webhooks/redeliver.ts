import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { idsOf, retryQueued } from '../../../flows/outbox/queue.ts'
import { presentDelivery } from '../../../resources/webhook.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { parseTime } from '../../output/time.ts'

export default operation({
  examples: ['authd webhooks redeliver whd_06fb2m', 'authd webhooks redeliver --failed --since 24h'],
  args: { id: Args.string({ description: 'Ids; - reads them from stdin.' }) },
  takesMany: true,
  flags: {
    failed: Flags.boolean({ description: 'All failed deliveries.' }),
    since: Flags.string({ description: 'With --failed: only deliveries since then.' }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { flags, names, out, actor }) {
    const named = names
    if (Boolean(flags.failed) === named.length > 0) {
      throw new AuthdError('USAGE', {
        message: 'no deliveries named. Use ids or --failed.',
        suggestions: ['authd webhooks deliveries'],
      })
    }
    const since = flags.since === undefined ? undefined : parseTime(flags.since, 'since')
    const ids = flags.failed ? await idsOf(deps, { kind: 'webhook', state: 'failed', since }) : named
    const again = await retryQueued(deps, actor, { kind: 'webhook', ids })
    const changes = again.map((item) => ({
      resource: presentDelivery(item),
      isChanged: true,
      text: `${item.id} is due now`,
    }))
    out.changes(changes)
    if (again.length === 0) out.hint('There is nothing to send again.')
  },
})
