import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { presentMail } from '../../../resources/mail.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class EmailRetry extends OperatorCommand {
  static override summary = 'Send mails again now: those that wait, or that were given up and still hold.'
  static override examples = ['authd email retry msg_06fb2m', 'authd email retry --all-failed']
  static override strict = false
  static override args = { id: Args.string({ description: 'Their ids; - reads them from stdin.' }) }
  static override flags = {
    'all-failed': Flags.boolean({ description: 'All that were given up and still hold.' }),
    ...reasonFlag,
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(EmailRetry)
    const named = await this.named(argv as string[])
    if (Boolean(flags['all-failed']) === named.length > 0) {
      throw new AuthdError('USAGE', { message: 'name mails, or say --all-failed', suggestions: ['authd email queue'] })
    }
    const { idsOf, retryQueued } = await import('../../../flows/outbox/queue.ts')
    await this.withDeps(flags, async (deps) => {
      const ids = flags['all-failed'] ? await idsOf(deps, { kind: 'mail', state: 'failed' }) : named
      const again = await retryQueued(deps, this.operator(flags.reason), { kind: 'mail', ids })
      const out = this.output(flags)
      const changes = again.map((item) => ({
        resource: presentMail(item),
        isChanged: true,
        text: `${item.id} is due now`,
      }))
      printChanges(out, flags, changes)
      if (again.length === 0) out.hint('Nothing to send again.')
    })
  }
}
