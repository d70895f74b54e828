import { Args } from '@oclif/core'
import { cancelMails } from '../../../flows/outbox/queue-admin.ts'
import { presentMail } from '../../../resources/mail.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: [
    'authd email cancel msg_06fb2m',
    'authd email queue --state pending --jsonl | jq -r .id | authd email cancel -',
  ],
  args: { id: Args.string({ required: true, description: 'Mail ids; - reads them from stdin.' }) },
  takesMany: true,
  flags: changeFlags,
  async run(deps, { names, out, actor }) {
    const ids = names
    const cancelled = await cancelMails(deps, actor, ids)
    const changes = cancelled.map(({ item, isChanged }) => ({
      resource: presentMail(item),
      isChanged,
      text: isChanged ? `${out.did('Cancelled', 'Would cancel')} ${item.id}` : `${item.id} is already ${item.state}`,
    }))
    out.changes(changes)
  },
})
