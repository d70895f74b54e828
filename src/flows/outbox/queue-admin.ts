import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Sql, Trx } from '../../store/db.ts'
import {
  cancelOutbox,
  countOutbox,
  findOutboxItem,
  hurryOutbox,
  listOutbox,
  type OutboxFilter,
  type OutboxItem,
  type OutboxKind,
  requeueOutbox,
} from '../../store/outbox.ts'
import { deleteOutboxTries, listOutboxTries, type OutboxTry } from '../../store/outbox-tries.ts'
import { findWebhookEndpoint } from '../../store/webhook-endpoints.ts'
import { partsOf } from '../bulk-units.ts'
import { type ListPart, type Pagination, readPart } from '../pagination.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { DELIVERY_LIFE_MS } from './webhook-delivery.ts'

/** Mails and webhooks share a table. Their ids begin with these. */
const PREFIXES: Record<OutboxKind, string> = { mail: 'msg', webhook: 'whd' }

/** One part of the queue, newest first, without decoys. */
export async function listQueue(
  deps: Pick<Deps, 'db'>,
  filter: OutboxFilter,
  pagination: Pagination,
): Promise<ListPart<OutboxItem>> {
  return await readPart(
    deps,
    {
      table: 'outbox',
      // An id begins with its time, and no time is late enough for a z, the last digit.
      bounds: { from: `${PREFIXES[filter.kind]}_`, before: `${PREFIXES[filter.kind]}_z` },
      list: (sql, span, { limit, offset }) => listOutbox(sql, { ...filter, ...span }, limit, offset),
      count: (sql, span) => countOutbox(sql, { ...filter, ...span }),
    },
    pagination,
  )
}

/** The most ids in one call. */
const MOST_IDS = 10_000

/** The ids of matching items that can still be sent, newest first. */
export async function idsOf(deps: Pick<Deps, 'db' | 'clock'>, filter: OutboxFilter): Promise<string[]> {
  const now = deps.clock.now()
  const items = await deps.db.read((sql) => listOutbox(sql, filter, MOST_IDS))
  return items.filter((item) => item.kind === 'webhook' || isMailable(item, now)).map(({ id }) => id)
}

/** One item with all its finished tries. Throws MAIL_NOT_FOUND, DELIVERY_NOT_FOUND. */
export async function showQueued(
  deps: Pick<Deps, 'db'>,
  kind: OutboxKind,
  id: string,
): Promise<{ item: OutboxItem; tries: OutboxTry[] }> {
  return await deps.db.read(async (sql) => {
    const item = (await findOutboxItem(sql, kind, id)) ?? refuseUnknown(kind, id)
    return { item, tries: await listOutboxTries(sql, id) }
  })
}

/**
 * Retries items now, after checking all of them. A mail can be retried while its content is valid. A delivery can be
 * retried at any time, under the same id. Throws OUTBOX_OVER, MAIL_NOT_FOUND, DELIVERY_NOT_FOUND, WEBHOOK_NOT_FOUND.
 */
export async function retryQueued(
  deps: Deps,
  actor: Actor,
  { kind, ids }: { kind: OutboxKind; ids: string[] },
): Promise<OutboxItem[]> {
  const now = deps.clock.now()
  const findSendable = async (sql: Sql, id: string) => {
    const item = (await findOutboxItem(sql, kind, id)) ?? refuseUnknown(kind, id)
    if (kind === 'mail') refuseOver(item, now)
    if (kind === 'webhook' && !(await findWebhookEndpoint(sql, item.recipient))) refuseGone(item)
    return item
  }
  return await inParts(deps, ids, findSendable, async (trx, item) => {
    const retried = (await tryAgain(trx, item, now)) ?? item
    if (kind === 'mail') await recordEvent(deps, trx, actor, { type: 'mail.retried', metadata: aboutMail(item) })
    else await recordEvent(deps, trx, actor, { type: 'webhook.retried', metadata: aboutDelivery(item) })
    return retried
  })
}

async function tryAgain(trx: Trx, item: OutboxItem, now: number): Promise<OutboxItem | undefined> {
  if (item.state === 'pending') return await hurryOutbox(trx, { id: item.id, now })
  await deleteOutboxTries(trx, item.id)
  const expiresAt = item.kind === 'mail' ? item.expiresAt : now + DELIVERY_LIFE_MS
  return await requeueOutbox(trx, { id: item.id, now, expiresAt })
}

/** Cancels waiting mails. Finished ones stay as they are. Throws MAIL_NOT_FOUND. */
export async function cancelMails(
  deps: Deps,
  actor: Actor,
  ids: string[],
): Promise<{ item: OutboxItem; isChanged: boolean }[]> {
  const now = deps.clock.now()
  const find = async (sql: Sql, id: string) => (await findOutboxItem(sql, 'mail', id)) ?? refuseUnknown('mail', id)
  return await inParts(deps, ids, find, async (trx, item) => {
    const isChanged = await cancelOutbox(trx, { id: item.id, now })
    if (isChanged) await recordEvent(deps, trx, actor, { type: 'mail.cancelled', metadata: aboutMail(item) })
    return { item: isChanged ? { ...item, state: 'cancelled' as const, finishedAt: now } : item, isChanged }
  })
}

/** Looks for all items first, and changes none if one is refused. Each small unit looks again. */
async function inParts<Done>(
  deps: Pick<Deps, 'db'>,
  ids: string[],
  find: (sql: Sql, id: string) => Promise<OutboxItem>,
  change: (trx: Trx, item: OutboxItem) => Promise<Done>,
): Promise<Done[]> {
  await deps.db.read(async (sql) => {
    for (const id of ids) await find(sql, id)
  })
  const all: Done[] = []
  for (const part of partsOf(ids)) {
    const done = await deps.db.write(async (trx) => {
      const changed: Done[] = []
      for (const id of part) changed.push(await change(trx, await find(trx, id)))
      return changed
    })
    all.push(...done)
  }
  return all
}

function aboutMail({ id, template, tries }: OutboxItem) {
  return { message_id: id, template, tries }
}

function aboutDelivery({ id, template, recipient, tries }: OutboxItem) {
  return { delivery_id: id, event: template, endpoint_id: recipient, tries }
}

/** Says whether the content of a mail is still valid. */
function isMailable({ bodySealed, expiresAt }: Pick<OutboxItem, 'bodySealed' | 'expiresAt'>, now: number): boolean {
  return bodySealed !== null && expiresAt > now
}

function refuseOver({ id, state, bodySealed, expiresAt }: OutboxItem, now: number): void {
  if (isMailable({ bodySealed, expiresAt }, now)) return
  const why = state === 'sent' ? 'was sent' : expiresAt <= now ? 'has expired' : `is ${state}`
  throw new AuthdError('OUTBOX_OVER', { message: `The mail ${id} ${why}, so it cannot be sent again.` })
}

function refuseGone({ id, recipient }: OutboxItem): never {
  throw new AuthdError('WEBHOOK_NOT_FOUND', {
    message: `The endpoint ${recipient} of the delivery ${id} was removed.`,
    suggestions: ['authd webhooks list'],
  })
}

function refuseUnknown(kind: OutboxKind, id: string): never {
  if (kind === 'mail')
    throw new AuthdError('MAIL_NOT_FOUND', { message: `No mail "${id}".`, suggestions: ['authd email queue'] })
  throw new AuthdError('DELIVERY_NOT_FOUND', {
    message: `No delivery "${id}".`,
    suggestions: ['authd webhooks deliveries'],
  })
}
