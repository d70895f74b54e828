import { Args } from '@oclif/core'
import { presentMail } from '../../../resources/mail.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class EmailCancel extends OperatorCommand {
  static override summary = 'Stop mails that wait.'
  static override examples = [
    'authd email cancel msg_06fb2m',
    'authd email queue --state pending --jsonl | jq -r .id | authd email cancel -',
  ]
  static override strict = false
  static override args = { id: Args.string({ required: true, description: 'Their ids; - reads them from stdin.' }) }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(EmailCancel)
    const ids = await this.named(argv as string[])
    const { cancelMails } = await import('../../../flows/outbox/queue.ts')
    await this.withDeps(flags, async (deps) => {
      const cancelled = await cancelMails(deps, this.operator(flags.reason), ids)
      const changes = cancelled.map(({ item, isChanged }) => ({
        resource: presentMail(item),
        isChanged,
        text: isChanged ? `Cancelled ${item.id}` : `${item.id} was ${item.state} already`,
      }))
      printChanges(this.output(flags), flags, changes)
    })
  }
}
