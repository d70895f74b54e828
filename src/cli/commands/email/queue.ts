import { Flags } from '@oclif/core'
import { type MailResource, outboxState, presentMail } from '../../../resources/mail.ts'
import { OperatorCommand } from '../../command.ts'
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

export default class EmailQueue extends OperatorCommand {
  static override summary = 'Mails that wait, were sent or failed, newest first.'
  static override examples = ['authd email queue --state pending', 'authd email queue --state failed --json']
  static override flags = {
    state: Flags.string({ options: [...STATES], description: 'Only these.' }),
    limit: Flags.integer({ default: 50, min: 1, max: 1000, description: 'How many at most.' }),
    cursor: Flags.string({ description: 'Go on where the last list ended.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(EmailQueue)
    const { listQueue } = await import('../../../flows/outbox/queue.ts')
    const state = STATES.find((known) => known === flags.state)
    await this.withDeps(flags, async (deps) => {
      const asked = { limit: flags.limit, before: flags.cursor, within: Number.POSITIVE_INFINITY }
      const { rows, total, nextCursor } = await listQueue(deps, { kind: 'mail', state }, asked)
      this.output(flags).list(rows.map(presentMail), COLUMNS, { total: total.count, nextCursor })
    })
  }
}
