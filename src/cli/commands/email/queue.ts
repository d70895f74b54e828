import { Flags } from '@oclif/core'
import { listQueue } from '../../../flows/outbox/queue-admin.ts'
import { type MailResource, outboxState, presentMail } from '../../../resources/mail.ts'
import { operation } from '../../command.ts'
import { listFlags, paginationOf } from '../../flags.ts'
import type { Column } from '../../output/output.ts'

const STATES = outboxState.options

const COLUMNS: Column<MailResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'TO', value: ({ to }) => to },
  { header: 'TEMPLATE', value: ({ template }) => template },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'TRIES', value: ({ tries }) => tries },
  { header: 'NEXT', value: ({ next_try_at }) => next_try_at, isTime: true },
  { header: 'LAST ERROR', value: ({ last_error }) => last_error },
]

export default operation({
  hasColumns: true,
  examples: ['authd email queue --state pending', 'authd email queue --state failed --json'],
  flags: {
    state: Flags.string({ options: [...STATES], description: 'Only mails in this state.' }),
    ...listFlags,
  },
  async run(deps, { flags, out }) {
    const state = STATES.find((known) => known === flags.state)
    await out.parts(
      async (asked) => {
        const { rows, ...part } = await listQueue(deps, { kind: 'mail', state }, paginationOf(asked))
        return { ...part, rows: rows.map(presentMail) }
      },
      COLUMNS,
      flags,
    )
  },
})
