import type { Deps } from '../../deps.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../platform/clock.ts'
import { retryAfterMs, type WebhookReply } from '../../platform/net/webhook-client.ts'
import { hideTokens } from '../../platform/secret.ts'
import { findAuditLogBySeq, listAuditLogsAfter } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import {
  claimWebhookFor,
  countPendingFor,
  hurryWebhooksFor,
  insertOutbox,
  type OutboxItem,
} from '../../store/outbox.ts'
import {
  claimWebhookEndpoint,
  hasDueWebhookEndpoint,
  listWebhookEndpointsBehind,
  lockWebhookEndpoint,
  moveWebhookCursor,
  type PauseReason,
  releaseWebhookEndpoint,
  type WebhookEndpoint,
} from '../../store/webhook-endpoints.ts'
import { jittered, settleTry, type TryEnd } from './queue.ts'
import { isWanted, pauseByItself } from './webhook-endpoint.ts'
import { postEvent } from './webhook-payload.ts'

/** Waits between the tries of one delivery: three days in all (Standard Webhooks). */
const RETRY_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
/** A delivery is tried no more after so long, paused or not. */
const EXPIRES_MS = 4 * DAY
/** Longer than a try can take: an endpoint whose worker died is taken again after it. */
const LEASE_MS = MINUTE
/** Deliveries of one endpoint that may wait at once; what comes after them waits in the audit log. */
const WINDOW = 1000
const BATCH = 200
/** So many failures in a row are the endpoint's and not one delivery's: it is left alone for a while. */
const FEW_FAILURES = 3
const LONGEST_REST_MS = 5 * MINUTE
/** An endpoint that took nothing for so long is paused. */
const FAILING_MS = 3 * DAY
const LONGEST_RETRY_AFTER_MS = DAY

/**
 * Queues what the audit log holds for endpoints and is not queued yet, in the log's order. The log was written in the
 * unit of what happened, so nothing is lost, whoever wrote it and whether a daemon ran. True: there is more.
 */
export async function queueWebhooks(deps: Deps): Promise<boolean> {
  const behind = await deps.db.read(listWebhookEndpointsBehind)
  let isMore = false
  for (const id of behind) isMore = (await deps.db.write((trx) => queueFor(deps, trx, id))) || isMore
  return isMore
}

async function queueFor(deps: Deps, trx: Trx, id: string): Promise<boolean> {
  const endpoint = await lockWebhookEndpoint(trx, id)
  if (!endpoint || endpoint.pausedAt !== null) return false
  const room = WINDOW - (await countPendingFor(trx, id, WINDOW))
  const limit = Math.min(room, BATCH)
  if (limit <= 0) return false
  const events = await listAuditLogsAfter(trx, {}, { after: endpoint.cursorSeq, limit })
  const now = deps.clock.now()
  for (const { seq, eventType, occurredAt } of events) {
    const expiresAt = occurredAt + EXPIRES_MS
    const isOurs = occurredAt >= endpoint.createdAt && expiresAt > now && isWanted(endpoint, eventType)
    if (seq === null || !isOurs) continue
    await insertOutbox(trx, {
      id: deps.random.id('whd'),
      kind: 'webhook',
      isDecoy: false,
      recipient: id,
      template: eventType,
      lang: '',
      bodySealed: null,
      attemptId: null,
      eventSeq: seq,
      createdAt: now,
      expiresAt,
    })
  }
  const last = events.at(-1)?.seq
  if (last != null) await moveWebhookCursor(trx, { id, seq: last })
  return events.length === limit
}

/**
 * Delivers what has been due longest to an endpoint that nobody is delivering to: one at a time for each, so that first
 * tries come in order. False: nothing is due. Any number may run at once, in any number of processes.
 */
export async function deliverNextWebhook(deps: Deps): Promise<boolean> {
  const now = deps.clock.now()
  if (!(await deps.db.read((sql) => hasDueWebhookEndpoint(sql, now)))) return false
  const claimed = await deps.db.write(async (trx) => {
    const endpoint = await claimWebhookEndpoint(trx, { now, busyUntil: now + LEASE_MS })
    const delivery = endpoint && (await claimWebhookFor(trx, { endpointId: endpoint.id, now }))
    // Cancelled between two looks: nobody keeps the endpoint for nothing.
    if (endpoint && !delivery) await releaseWebhookEndpoint(trx, endpoint)
    return delivery && { endpoint, delivery }
  })
  if (!claimed) return false
  const { endpoint, delivery } = claimed
  const tried = await tryDelivery(deps, endpoint, delivery)
  await deps.db.write((trx) => settle(deps, trx, { endpoint, delivery, tried: tried }))
  return true
}

/** What came of a try; without a reply, nothing was sent or nothing came back. */
interface WebhookTry {
  startedAt: number
  endedAt: number
  said: string
  reply?: WebhookReply
  /** There is nothing to send any more. */
  isOver: boolean
}

async function tryDelivery(deps: Deps, endpoint: WebhookEndpoint, delivery: OutboxItem): Promise<WebhookTry> {
  const startedAt = deps.clock.now()
  const over = (said: string) => ({ startedAt, endedAt: startedAt, said, isOver: true })
  if (delivery.expiresAt <= startedAt) return over('expired before it was accepted')
  const seq = delivery.eventSeq ?? 0
  const event = await deps.db.read((sql) => findAuditLogBySeq(sql, seq))
  if (!event) return over('the audit log holds its event no more')
  try {
    const reply = await postEvent(deps, endpoint, { id: delivery.id, event })
    const text = hideTokens(reply.text.replace(/\p{Cc}+/gu, ' ').trim()).slice(0, 200)
    return { startedAt, endedAt: deps.clock.now(), said: `${reply.status} ${text}`.trim(), reply, isOver: false }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return { startedAt, endedAt: deps.clock.now(), said, isOver: false }
  }
}

async function settle(
  deps: Deps,
  trx: Trx,
  { endpoint, delivery, tried }: { endpoint: WebhookEndpoint; delivery: OutboxItem; tried: WebhookTry },
): Promise<void> {
  const { endedAt: now, said, reply, isOver } = tried
  const isGood = reply !== undefined && reply.status >= 200 && reply.status < 300
  await settleTry(trx, delivery, isGood ? accepted(tried) : failed(deps, delivery, tried))
  const standing = isGood ? afterSuccess(endpoint, now) : isOver ? endpoint : afterFailure(endpoint, tried)
  if (!(await releaseWebhookEndpoint(trx, standing)) || isOver) return
  trx.afterCommit(() => deps.metrics.count('webhook_deliveries_total', { status: isGood ? 'success' : 'failure' }))
  if (isGood && endpoint.failures >= FEW_FAILURES) await hurryWebhooksFor(trx, { endpointId: endpoint.id, now })
  const reason = isGood ? undefined : whyPause(standing, tried)
  if (reason) await pauseByItself(deps, trx, standing, { reason, said })
}

function accepted({ startedAt, endedAt, said: response }: WebhookTry): TryEnd {
  return { startedAt, endedAt, outcome: 'accepted', response, state: 'sent' }
}

function failed(deps: Deps, { tries, expiresAt }: OutboxItem, tried: WebhookTry): TryEnd {
  const { startedAt, endedAt, said: response, isOver } = tried
  const end = { startedAt, endedAt, response, outcome: 'postponed' } as const
  if (isOver) return { ...end, state: 'expired' }
  const wait = RETRY_MS[tries - 1]
  if (wait === undefined) return { ...end, outcome: 'refused', state: 'failed' }
  const dueAt = endedAt + Math.max(jittered(deps, wait), askedToWait(tried))
  return { ...end, ...(dueAt < expiresAt ? { dueAt } : { state: 'failed' }) }
}

function afterSuccess(endpoint: WebhookEndpoint, now: number): WebhookEndpoint {
  return { ...endpoint, failures: 0, failingSince: null, retryAt: 0, lastSuccessAt: now }
}

/** Many in a row are not one delivery's fault: the endpoint rests, for longer each time, and as long as it asks for. */
function afterFailure(endpoint: WebhookEndpoint, tried: WebhookTry): WebhookEndpoint {
  const failures = endpoint.failures + 1
  const rest = failures < FEW_FAILURES ? 0 : Math.min(5 * SECOND * 2 ** (failures - FEW_FAILURES), LONGEST_REST_MS)
  return {
    ...endpoint,
    failures,
    failingSince: endpoint.failingSince ?? tried.endedAt,
    retryAt: tried.endedAt + Math.max(rest, askedToWait(tried)),
  }
}

function whyPause({ failingSince }: WebhookEndpoint, { reply, endedAt }: WebhookTry): PauseReason | undefined {
  if (reply?.status === 410) return 'gone'
  return failingSince !== null && endedAt - failingSince >= FAILING_MS ? 'failing' : undefined
}

function askedToWait({ reply, endedAt }: WebhookTry): number {
  return Math.min(retryAfterMs(reply?.retryAfter, endedAt), LONGEST_RETRY_AFTER_MS)
}
