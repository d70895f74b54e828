import { Flags } from '@oclif/core'
import { type MailSuppressionResource, presentMailSuppression } from '../../../resources/mail-suppression.ts'
import { OperatorCommand } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<MailSuppressionResource>[] = [
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'REFUSALS', value: ({ refusals }) => refusals },
  { header: 'LAST', value: ({ last_refused_at }) => last_refused_at, isTime: true },
  { header: 'UNTIL', value: ({ suppressed_until }) => suppressed_until, isTime: true },
  { header: 'ANSWER', value: ({ response }) => response },
]

export default class SuppressionsList extends OperatorCommand {
  static override summary = 'Addresses that get no mail now, since their mail server refused them for good.'
  static override examples = ['authd suppressions list', 'authd suppressions list --json']
  static override flags = {
    limit: Flags.integer({ default: 50, min: 1, max: 10_000, description: 'How many at most.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SuppressionsList)
    const { listSuppressed } = await import('../../../flows/outbox/suppression.ts')
    await this.withDeps(flags, async (deps) => {
      const suppressed = await listSuppressed(deps, flags.limit)
      this.output(flags).list(suppressed.map(presentMailSuppression), COLUMNS)
    })
  }
}
