import { listSuppressed } from '../../../flows/outbox/suppression.ts'
import { type MailSuppressionResource, presentMailSuppression } from '../../../resources/mail-suppression.ts'
import { operation } from '../../command.ts'
import { listFlags } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const COLUMNS: Column<MailSuppressionResource>[] = [
  { header: 'E-MAIL', isText: true, value: ({ email }) => email },
  { header: 'REFUSALS', value: ({ refusals }) => refusals },
  { header: 'LAST', spare: 1, value: ({ last_refused_at }) => last_refused_at, isTime: true },
  { header: 'UNTIL', value: ({ suppressed_until }) => suppressed_until, isTime: true },
  { header: 'ANSWER', isText: true, value: ({ response }) => response },
]

export default operation({
  hasColumns: true,
  examples: ['authd suppressions list', 'authd suppressions list --json'],
  flags: listFlags,
  async run(deps, { flags, out }) {
    await out.parts(
      async (asked) => {
        const { rows, nextCursor } = await listSuppressed(deps, asked)
        return { rows: rows.map(presentMailSuppression), nextCursor }
      },
      COLUMNS,
      flags,
    )
  },
})
