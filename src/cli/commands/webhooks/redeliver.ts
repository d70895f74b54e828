import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { idsOf, retryQueued, showQueued } from '../../../flows/outbox/queue-admin.ts'
import { presentDelivery } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, refuseBoth, timeFlag } from '../../flags.ts'

export default operation({
  examples: ['authd webhooks redeliver whd_06fb2m', 'authd webhooks redeliver --failed --since 24h'],
  args: {
    id: completing(
      'deliveries',
      Args.string({
        description: 'Delivery ids, as `authd webhooks deliveries` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  flags: {
    failed: Flags.boolean({ description: 'All failed deliveries.' }),
    since: timeFlag({ description: 'With --failed: only deliveries since then.' }),
    ...changeFlags,
  },
  prepare({ flags, names, isNamed }) {
    refuseBoth(isNamed, { failed: flags.failed })
    if (names.length === 0 && !flags.failed)
      throw new AuthdError('USAGE', {
        message: 'No deliveries named. Use ids or --failed.',
        suggestions: ['authd webhooks deliveries'],
      })
  },
  async run(deps, { flags, each, out, actor }) {
    const ids = flags.failed
      ? await idsOf(deps, { kind: 'webhook', state: 'failed', since: flags.since })
      : (await each((id) => showQueued(deps, 'webhook', id))).map(({ item }) => item.id)
    const retried = await retryQueued(deps, actor, { kind: 'webhook', ids })
    const changes = retried.map((item) => ({
      resource: presentDelivery(item),
      isChanged: true,
      text: `${item.id} ${out.did('is', 'would be')} due now`,
    }))
    out.changes(changes)
    if (retried.length === 0) out.hint('There is nothing to send again.')
  },
})
