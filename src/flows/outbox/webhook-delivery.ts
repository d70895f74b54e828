import type { Deps } from '../../deps.ts'
import { DAY, HOUR, isAhead, isFromFuture, MINUTE, SECOND } from '../../platform/clock.ts'
import { retryAfterMs, type WebhookReply } from '../../platform/net/webhook-client.ts'
import { plain } from '../../platform/plain-text.ts'
import { hideTokens } from '../../platform/secret.ts'
import { findAuditLogBySeq, listAuditLogsAfter } from '../../store/audit-logs.ts'
import type { Trx } from '../../store/db.ts'
import { insertOutbox, type OutboxItem } from '../../store/outbox.ts'
import { claimWebhookFor, countPendingFor, hurryWebhooksFor } from '../../store/outbox-deliveries.ts'
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
import { hasRightClock } from '../right-clock.ts'
import { jittered, recordTry, type TryEnd } from './record-try.ts'
import { isWanted, pauseByItself } from './webhook-endpoint.ts'
import { postEvent } from './webhook-request.ts'

/** Waits between the tries of one delivery, three days in total (Standard Webhooks). */
const RETRY_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
/** A delivery is not tried after this time, paused or not. It starts again when an operator retries one. */
export const DELIVERY_LIFE_MS = 4 * DAY
/** Longer than a try takes. After it, another process takes over the endpoint of a worker that died. */
const LEASE_MS = MINUTE
/** The most deliveries of one endpoint that wait for their first try. Later events wait in the audit log. */
const WINDOW = 1000
const BATCH = 200
/** After this many failures in a row the endpoint is at fault, not one delivery, and it rests. */
const FEW_FAILURES = 3
const LONGEST_REST_MS = 5 * MINUTE
/** An endpoint that accepts nothing for this time is paused. */
const FAILING_MS = 3 * DAY
const LONGEST_RETRY_AFTER_MS = DAY
/** While new events wait, every fourth delivery may be one that failed before. */
const LATER_SHARE = 4
/** Answers of an endpoint that takes no deliveries now. Any other 4xx is about one delivery. */
const ENDPOINT_REFUSALS = new Set([401, 403, 407, 408, 410, 421, 425, 426, 429])
const STOPPED = 'authd stopped before an answer came'

/**
 * Queues new events of the audit log for each endpoint, in the order of the log. An event is written in the unit of
 * what happened, so none is lost, even without a running daemon. Returns true if there are more.
 */
export async function queueWebhooks(deps: Deps): Promise<boolean> {
  const behind = await deps.db.read(listWebhookEndpointsBehind)
  // An instance whose clock is ahead would take new events for old ones, and leaves them to the others.
  if (behind.length > 0 && !(await hasRightClock(deps))) return false
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
    const expiresAt = occurredAt + DELIVERY_LIFE_MS
    // A wrong clock has dated this endpoint into the future, so nobody knows which events are older than it.
    const isLater = occurredAt >= endpoint.createdAt || isFromFuture(now, endpoint.createdAt)
    const isOurs = isLater && expiresAt > now && isWanted(endpoint, eventType)
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
      isAwaited: false,
    })
  }
  const last = events.at(-1)?.seq
  if (last != null) await moveWebhookCursor(trx, { id, seq: last })
  return events.length === limit
}

/**
 * Delivers the oldest due delivery of a free endpoint. Each endpoint gets one at a time, so that first tries come in
 * order. Returns false if nothing is due. Any number of processes may call it at once.
 */
export async function deliverNextWebhook(deps: Deps, stopping = new AbortController().signal): Promise<boolean> {
  const now = deps.clock.now()
  const lease = { owner: deps.nodeId, now, busyUntil: now + LEASE_MS }
  if (!(await deps.db.read((sql) => hasDueWebhookEndpoint(sql, lease)))) return false
  const prefersLater = deps.random.int(LATER_SHARE) === 0
  const claimed = await deps.db.write(async (trx) => {
    const endpoint = await claimWebhookEndpoint(trx, lease)
    const delivery = endpoint && (await claimWebhookFor(trx, { endpointId: endpoint.id, now, prefersLater }))
    // The delivery was cancelled in between, so the endpoint is free again.
    if (endpoint && !delivery) await releaseWebhookEndpoint(trx, endpoint)
    return delivery && { endpoint, delivery }
  })
  if (!claimed) return false
  const { endpoint, delivery } = claimed
  if (delivery.expiresAt <= now && !(await hasRightClock(deps))) {
    await deps.db.write((trx) => releaseWebhookEndpoint(trx, endpoint))
    return false
  }
  const tried = await tryDelivery(deps, endpoint, delivery, stopping)
  await deps.db.write((trx) => settle(deps, trx, { endpoint, delivery, tried }))
  return true
}

/** How a try ended. Without a reply, nothing was sent or no answer came. */
interface WebhookTry {
  startedAt: number
  endedAt: number
  said: string
  reply?: WebhookReply
  /** There is nothing left to send. */
  isOver: boolean
  /** The daemon stopped before an answer came. */
  isCutOff?: boolean
}

async function tryDelivery(
  deps: Deps,
  endpoint: WebhookEndpoint,
  delivery: OutboxItem,
  stopping: AbortSignal,
): Promise<WebhookTry> {
  const startedAt = deps.clock.now()
  const over = (said: string) => ({ startedAt, endedAt: startedAt, said, isOver: true })
  if (delivery.expiresAt <= startedAt) return over('expired before it was accepted')
  const seq = delivery.eventSeq ?? 0
  const event = await deps.db.read((sql) => findAuditLogBySeq(sql, seq))
  if (!event) return over('its event was deleted from the audit log')
  try {
    const reply = await postEvent(deps, endpoint, { id: delivery.id, event, stopping })
    const text = plain(hideTokens(reply.text.replace(/\p{Cc}+/gu, ' ').trim()).slice(0, 200))
    return { startedAt, endedAt: deps.clock.now(), said: `${reply.status} ${text}`.trim(), reply, isOver: false }
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    const endedAt = deps.clock.now()
    if (stopping.aborted) return { startedAt, endedAt, said: STOPPED, isOver: false, isCutOff: true }
    return { startedAt, endedAt, said, isOver: false }
  }
}

async function settle(
  deps: Deps,
  trx: Trx,
  { endpoint, delivery, tried }: { endpoint: WebhookEndpoint; delivery: OutboxItem; tried: WebhookTry },
): Promise<void> {
  const { endedAt: now, said, reply, isOver, isCutOff } = tried
  const isGood = reply !== undefined && reply.status >= 200 && reply.status < 300
  await recordTry(trx, delivery, isGood ? accepted(tried) : failed(deps, delivery, tried))
  const isFailure = !isGood && !isOver && !isCutOff
  const standing = isGood ? afterSuccess(endpoint, now) : isFailure ? afterFailure(endpoint, tried) : endpoint
  if (!(await releaseWebhookEndpoint(trx, standing)) || !(isGood || isFailure)) return
  trx.afterCommit(() => deps.metrics.count('webhook_deliveries_total', { status: isGood ? 'success' : 'failure' }))
  if (isGood && endpoint.failures >= FEW_FAILURES) await hurryWebhooksFor(trx, { endpointId: endpoint.id, now })
  const reason = isGood ? undefined : whyPause(standing, tried)
  if (reason) await pauseByItself(deps, trx, standing, { reason, said })
}

function accepted({ startedAt, endedAt, said: response }: WebhookTry): TryEnd {
  return { startedAt, endedAt, outcome: 'accepted', response, state: 'sent' }
}

function failed(deps: Deps, { tries, expiresAt }: OutboxItem, tried: WebhookTry): TryEnd {
  const { startedAt, endedAt, said: response, isOver, isCutOff } = tried
  const end = { startedAt, endedAt, response, outcome: 'postponed' } as const
  if (isOver) return { ...end, state: 'expired' }
  // Nothing was wrong with the delivery or its endpoint: the next daemon sends it.
  if (isCutOff) return { ...end, dueAt: endedAt }
  const wait = RETRY_MS[tries - 1]
  if (wait === undefined) return { ...end, outcome: 'refused', state: 'failed' }
  const dueAt = endedAt + Math.max(jittered(deps, wait), askedToWait(tried))
  return { ...end, ...(dueAt < expiresAt ? { dueAt } : { state: 'failed' }) }
}

function afterSuccess(endpoint: WebhookEndpoint, now: number): WebhookEndpoint {
  return { ...endpoint, failures: 0, failingSince: null, retryAt: 0, lastSuccessAt: now }
}

/**
 * After several failures the endpoint rests, longer each time, and at least as long as it asked for. A refusal of one
 * delivery holds up no others.
 */
function afterFailure(endpoint: WebhookEndpoint, tried: WebhookTry): WebhookEndpoint {
  const status = tried.reply?.status ?? 0
  if (status >= 400 && status < 500 && !ENDPOINT_REFUSALS.has(status)) {
    return { ...endpoint, failingSince: endpoint.failingSince ?? tried.endedAt }
  }
  const failures = endpoint.failures + 1
  const rest = failures < FEW_FAILURES ? 0 : Math.min(5 * SECOND * 2 ** (failures - FEW_FAILURES), LONGEST_REST_MS)
  return {
    ...endpoint,
    failures,
    failingSince: Math.min(endpoint.failingSince ?? tried.endedAt, tried.endedAt),
    retryAt: tried.endedAt + Math.max(rest, askedToWait(tried)),
  }
}

function whyPause({ failingSince }: WebhookEndpoint, { reply, endedAt }: WebhookTry): PauseReason | undefined {
  if (reply?.status === 410) return 'gone'
  return failingSince !== null && !isAhead(endedAt, failingSince + FAILING_MS, FAILING_MS) ? 'failing' : undefined
}

function askedToWait({ reply, endedAt }: WebhookTry): number {
  return Math.min(retryAfterMs(reply?.retryAfter, endedAt), LONGEST_RETRY_AFTER_MS)
}
