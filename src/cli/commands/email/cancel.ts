import { Args } from '@oclif/core'
import { cancelMails, showQueued } from '../../../flows/outbox/queue-admin.ts'
import { presentMail } from '../../../resources/mail.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: [
    'authd email cancel msg_06fb2m',
    'authd email queue --state pending --jsonl | jq -r .id | authd email cancel -',
  ],
  args: {
    id: completing(
      'mails',
      Args.string({
        required: true,
        description: 'Mail ids, as `authd email queue` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  flags: changeFlags,
  async run(deps, { each, out, actor }) {
    const ids = (await each((id) => showQueued(deps, 'mail', id))).map(({ item }) => item.id)
    const cancelled = await cancelMails(deps, actor, ids)
    const changes = cancelled.map(({ item, isChanged }) => ({
      resource: presentMail(item),
      isChanged,
      text: isChanged ? `${out.did('Cancelled', 'Would cancel')} ${item.id}` : `${item.id} is already ${item.state}`,
    }))
    out.changes(changes)
  },
})
