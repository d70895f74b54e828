import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { idsOf, retryQueued, showQueued } from '../../../flows/outbox/queue-admin.ts'
import { presentMail } from '../../../resources/mail.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags, refuseBoth } from '../../flags.ts'

export default operation({
  examples: ['authd email retry msg_06fb2m', 'authd email retry --all-failed'],
  args: {
    id: completing(
      'mails',
      Args.string({ description: 'Mail ids, as `authd email queue` shows them. `-` reads them from stdin.' }),
    ),
  },
  takesMany: 'known',
  flags: {
    'all-failed': Flags.boolean({ description: 'All that failed and have not expired.' }),
    ...changeFlags,
  },
  prepare({ flags, names, isNamed }) {
    refuseBoth(isNamed, { 'all-failed': flags['all-failed'] })
    if (names.length === 0 && !flags['all-failed'])
      throw new AuthdError('USAGE', {
        message: 'No mails named. Use ids or --all-failed.',
        suggestions: ['authd email queue'],
      })
  },
  async run(deps, { flags, each, out, actor }) {
    const ids = flags['all-failed']
      ? await idsOf(deps, { kind: 'mail', state: 'failed' })
      : (await each((id) => showQueued(deps, 'mail', id))).map(({ item }) => item.id)
    const retried = await retryQueued(deps, actor, { kind: 'mail', ids })
    const changes = retried.map((item) => ({
      resource: presentMail(item),
      isChanged: true,
      text: `${item.id} ${out.did('will be sent', 'would be sent')} now`,
    }))
    out.changes(changes)
    if (retried.length === 0) out.hint('There is nothing to send again.')
  },
})
