import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { idsOf, retryQueued } from '../../../flows/outbox/queue.ts'
import { presentMail } from '../../../resources/mail.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'

export default operation({
  examples: ['authd email retry msg_06fb2m', 'authd email retry --all-failed'],
  args: { id: Args.string({ description: 'Ids; - reads them from stdin.' }) },
  takesMany: true,
  flags: {
    'all-failed': Flags.boolean({ description: 'All that failed and have not expired.' }),
    ...reasonFlag,
    ...dryRunFlag,
  },
  async run(deps, { flags, names, out, actor }) {
    const named = names
    if (Boolean(flags['all-failed']) === named.length > 0) {
      throw new AuthdError('USAGE', { message: 'name mails, or say --all-failed', suggestions: ['authd email queue'] })
    }
    const ids = flags['all-failed'] ? await idsOf(deps, { kind: 'mail', state: 'failed' }) : named
    const again = await retryQueued(deps, actor, { kind: 'mail', ids })
    const changes = again.map((item) => ({
      resource: presentMail(item),
      isChanged: true,
      text: `${item.id} is due now`,
    }))
    out.changes(changes)
    if (again.length === 0) out.hint('There is nothing to send again.')
  },
})
