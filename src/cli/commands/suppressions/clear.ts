import { Args } from '@oclif/core'
import { clearSuppression } from '../../../flows/outbox/suppression.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { parseEmail } from '../../emails.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd suppressions clear ada@example.com --reason "mailbox is back"'],
  args: {
    email: completing(
      'suppressed',
      Args.string({ required: true, description: 'E-mail addresses; - reads them from stdin.' }),
    ),
  },
  takesMany: 'new',
  flags: changeFlags,
  prepare: ({ each }) => each(parseEmail),
  async run(deps, { out, actor }, emails) {
    const changes = []
    for (const { canonical } of emails) {
      const { address, isChanged } = await clearSuppression(deps, actor, canonical)
      const text = isChanged
        ? `${address} ${out.did('may be mailed', 'would be mailed')} again`
        : `Nothing was counted against ${address}`
      changes.push({ resource: { email: address, cleared: isChanged }, isChanged, text })
    }
    out.changes(changes)
  },
})
