import { Args, Flags } from '@oclif/core'
import { listQueue, showQueued } from '../../../flows/outbox/queue-admin.ts'
import { findWebhook } from '../../../flows/outbox/webhook-endpoint.ts'
import { outboxState } from '../../../resources/mail.ts'
import { type DeliveryResource, presentDelivery, presentTry } from '../../../resources/webhook.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { listFlags, paginationOf, timeFlag } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

const COLUMNS: Column<DeliveryResource>[] = [
  { header: 'ID', value: ({ id }) => id },
  { header: 'EVENT', value: ({ event }) => event },
  { header: 'STATE', value: ({ state }) => state },
  { header: 'TRIES', spare: 3, value: ({ tries }) => tries },
  { header: 'CREATED', spare: 2, value: ({ created_at }) => created_at, isTime: true },
  { header: 'NEXT', value: ({ next_try_at }) => next_try_at, isTime: true },
  { header: 'LAST ERROR', isText: true, value: ({ last_error }) => last_error },
  { header: 'ENDPOINT', spare: 1, value: ({ endpoint_id }) => endpoint_id },
]

export default operation({
  hasColumns: true,
  examples: ['authd webhooks deliveries --state failed', 'authd webhooks deliveries whd_06fb2m'],
  args: {
    id: completing(
      'webhooks',
      Args.string({ description: 'Endpoint id, for its deliveries. Delivery id, for its tries.' }),
    ),
  },
  flags: {
    state: Flags.string({ options: outboxState.options, description: 'Only deliveries in this state.' }),
    since: timeFlag({ description: 'Only deliveries since then: 24h, 2026-11-23.' }),
    ...listFlags,
  },
  async run(deps, { args, flags, out }) {
    const { id } = args
    if (id?.startsWith('whd_')) {
      const { item, tries } = await showQueued(deps, 'webhook', id)
      const attempts = tries.map(presentTry)
      const lines = attempts.map(
        ({ number, started_at: at, duration_ms: took, response }) =>
          `${String(number).padStart(3)}  ${out.time(at)}  ${took} ms  ${response}`,
      )
      const { event, state, next_try_at: next } = presentDelivery(item)
      const head = `${item.id}  ${event}  to ${item.recipient}  ${state}${next === null ? '' : `, next try ${out.time(next)}`}`
      return out.object({ delivery: presentDelivery(item), attempts }, [head, ...lines])
    }
    const filter = {
      kind: 'webhook',
      recipient: id,
      state: outboxState.options.find((known) => known === flags.state),
      since: flags.since,
    } as const
    await out.parts(
      async (asked) => {
        const { rows, ...part } = await listQueue(deps, filter, paginationOf(asked))
        // A removed endpoint still has deliveries. One without any may be a typing error.
        if (id !== undefined && asked.cursor === undefined && rows.length === 0) await findWebhook(deps, id)
        return { ...part, rows: rows.map(presentDelivery) }
      },
      COLUMNS,
      flags,
    )
  },
})
