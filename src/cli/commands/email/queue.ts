import { Flags } from '@oclif/core'
import { listQueue } from '../../../flows/outbox/queue-admin.ts'
import { type MailResource, outboxState, presentMail } from '../../../resources/mail.ts'
import { operation } from '../../command.ts'
import { listFlags, paginationOf } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const STATES = outboxState.options

const COLUMNS: Column<MailResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'TO', isText: true, value: ({ to }) => to },
  { header: 'TEMPLATE', spare: 1, value: ({ template }) => template },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'TRIES', spare: 2, value: ({ tries }) => tries },
  { header: 'NEXT', spare: 3, value: ({ next_try_at }) => next_try_at, isTime: true },
  { header: 'LAST ERROR', isText: true, value: ({ last_error }) => last_error },
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
