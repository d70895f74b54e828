import { Flags } from '@oclif/core'
import { listSuppressed } from '../../../flows/outbox/suppression.ts'
import { type MailSuppressionResource, presentMailSuppression } from '../../../resources/mail-suppression.ts'
import { operation } from '../../command.ts'
import type { Column } from '../../output/output.ts'

const COLUMNS: Column<MailSuppressionResource>[] = [
  { header: 'E-MAIL', value: ({ email }) => email },
  { header: 'REFUSALS', value: ({ refusals }) => refusals },
  { header: 'LAST', value: ({ last_refused_at }) => last_refused_at, isTime: true },
  { header: 'UNTIL', value: ({ suppressed_until }) => suppressed_until, isTime: true },
  { header: 'ANSWER', value: ({ response }) => response },
]

export default operation({
  examples: ['authd suppressions list', 'authd suppressions list --json'],
  flags: {
    limit: Flags.integer({ default: 50, min: 1, max: 10_000, description: 'Maximum number of results.' }),
  },
  async run(deps, { flags, out }) {
    const suppressed = await listSuppressed(deps, flags.limit)
    out.list(suppressed.map(presentMailSuppression), COLUMNS)
  },
})
