import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, toRfc3339 } from '../../platform/clock.ts'
import { refuseWebhookUrl } from '../../platform/net/webhook-url.ts'
import { normalizeWebhookSecret, webhookSecretOf } from '../../platform/webhook-signature.ts'
import { findLastAuditSeq } from '../../store/audit-logs.ts'
import { holdTopic } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import { cancelWebhooksFor } from '../../store/outbox-deliveries.ts'
import {
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  insertWebhookEndpoint,
  listWebhookEndpoints,
  lockWebhookEndpoint,
  type PauseReason,
  pauseWebhookEndpoint,
  replaceWebhookSecret,
  resumeWebhookEndpoint,
  updateWebhookEndpoint,
  type WebhookEndpoint,
} from '../../store/webhook-endpoints.ts'
import { decide } from '../decide.ts'
import { type Actor, EVENTS, type EventType, recordEvent, SYSTEM } from '../record-event.ts'
import { enqueueMail } from './mail-sending.ts'
import { secretContext, secretsOf } from './webhook-request.ts'

/** How long the previous secret of an endpoint also signs: unless the caller says otherwise, and at most. */
export const OVERLAP = { usualMs: DAY, mostMs: 30 * DAY } as const

const SECRET_BYTES = 32
const MOST_ENDPOINTS = 100
const OPERATOR_MAIL_MS = 3 * DAY

export interface NewWebhook {
  url: string
  description: string
  events: string[]
  /** For an address in a private network. An API key cannot set it: see `changeBy`. */
  allowsPrivate?: boolean
  /** A given secret. By default authd makes one. */
  secret?: string | undefined
}

/**
 * Adds an endpoint, which gets events from now on. Returns its secret this once. Throws VALIDATION_ERROR, CONFLICT
 * above 100 endpoints.
 */
export async function addWebhook(
  deps: Deps,
  actor: Actor,
  input: NewWebhook,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const about = checked({ allowsPrivate: false, ...changeBy(actor, input) })
  const secret = input.secret === undefined ? newSecret(deps) : checkedSecret(input.secret)
  const id = deps.random.id('whe')
  const endpoint = await decide(deps, async (trx) => {
    await holdTopic(trx, 'webhooks')
    if ((await listWebhookEndpoints(trx)).length >= MOST_ENDPOINTS) {
      const message = `There are ${MOST_ENDPOINTS} endpoints already. Remove one first.`
      return new AuthdError('CONFLICT', { message })
    }
    await insertWebhookEndpoint(trx, {
      id,
      ...about,
      secretSealed: deps.keys.seal(secretContext(id), secret),
      createdAt: deps.clock.now(),
      createdBy: actor.id,
      cursorSeq: await findLastAuditSeq(trx),
    })
    await recordWebhook(deps, trx, actor, 'webhook.added', { id, ...about })
    return (await findWebhookEndpoint(trx, id)) ?? unknownEndpoint(id)
  })
  return { endpoint, secret }
}

export async function listWebhooks(deps: Pick<Deps, 'db'>): Promise<WebhookEndpoint[]> {
  return await deps.db.read(listWebhookEndpoints)
}

/** Throws WEBHOOK_NOT_FOUND. */
export async function findWebhook(deps: Pick<Deps, 'db'>, id: string): Promise<WebhookEndpoint> {
  const endpoint = await deps.db.read((sql) => findWebhookEndpoint(sql, id))
  if (!endpoint) throw unknownEndpoint(id)
  return endpoint
}

export type WebhookChange = Partial<Pick<NewWebhook, 'url' | 'description' | 'events' | 'allowsPrivate'>>

/**
 * Changes some fields of an endpoint. Queued deliveries go to its new address. Throws VALIDATION_ERROR,
 * WEBHOOK_NOT_FOUND.
 */
export async function changeWebhook(
  deps: Deps,
  actor: Actor,
  { id, change }: { id: string; change: WebhookChange },
): Promise<{ endpoint: WebhookEndpoint; isChanged: boolean }> {
  return await withEndpoint(deps, id, (trx, before) => changeWebhookIn(deps, trx, actor, before, change))
}

/** As changeWebhook, inside the unit that locks the endpoint. Returns false if nothing is new. */
export async function changeWebhookIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  before: WebhookEndpoint,
  change: WebhookChange,
): Promise<boolean> {
  const { id } = before
  const about = checked({ ...before, ...changeBy(actor, change) })
  const fields = ['url', 'description', 'events', 'allowsPrivate'] as const
  const changed = fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(about[field]))
  if (changed.length === 0) return false
  await updateWebhookEndpoint(trx, { id, ...about })
  const was = Object.fromEntries(changed.map((field) => [field, before[field]]))
  await recordWebhook(deps, trx, actor, 'webhook.updated', { id, ...about }, { changed, before: was })
  return true
}

/**
 * Pauses an endpoint. Events from then on are sent after it is resumed, if they are not older than four days. Throws
 * WEBHOOK_NOT_FOUND.
 */
export async function pauseWebhook(deps: Deps, actor: Actor, id: string) {
  return await withEndpoint(deps, id, async (trx, endpoint) => {
    const isChanged = await pauseWebhookEndpoint(trx, { id, now: deps.clock.now(), reason: 'operator' })
    if (isChanged) await recordWebhook(deps, trx, actor, 'webhook.paused', endpoint, { reason: 'operator' })
    return isChanged
  })
}

/** Resumes an endpoint, which gets the events since its pause. Throws WEBHOOK_NOT_FOUND. */
export async function resumeWebhook(deps: Deps, actor: Actor, id: string) {
  return await withEndpoint(deps, id, async (trx, endpoint) => {
    const isChanged = await resumeWebhookEndpoint(trx, id)
    if (isChanged) await recordWebhook(deps, trx, actor, 'webhook.resumed', endpoint)
    return isChanged
  })
}

/** Removes an endpoint and cancels its deliveries. Throws WEBHOOK_NOT_FOUND. */
export async function removeWebhook(deps: Deps, actor: Actor, id: string): Promise<WebhookEndpoint> {
  return (await withEndpoint(deps, id, (trx, found) => removeWebhookIn(deps, trx, actor, found))).endpoint
}

/** As removeWebhook, inside the unit that locks the endpoint. */
export async function removeWebhookIn(deps: Deps, trx: Trx, actor: Actor, endpoint: WebhookEndpoint): Promise<boolean> {
  await cancelWebhooksFor(trx, { endpointId: endpoint.id, now: deps.clock.now() })
  await deleteWebhookEndpoint(trx, endpoint.id)
  await recordWebhook(deps, trx, actor, 'webhook.removed', endpoint)
  return true
}

/**
 * Replaces the secret. The old one also signs for `overlapMs` milliseconds, so that receivers can change in between.
 * Throws VALIDATION_ERROR, WEBHOOK_NOT_FOUND.
 */
export async function rotateWebhookSecret(
  deps: Deps,
  actor: Actor,
  { id, overlapMs, secret: given }: { id: string; overlapMs: number; secret?: string | undefined },
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const secret = given === undefined ? newSecret(deps) : checkedSecret(given)
  const rotated = await withEndpoint(deps, id, (trx, before) =>
    rotateWebhookSecretIn(deps, trx, actor, before, { secret, overlapMs }),
  )
  return { endpoint: rotated.endpoint, secret }
}

/** As rotateWebhookSecret, inside the unit that locks the endpoint. Returns false if it has this secret already. */
export async function rotateWebhookSecretIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  before: WebhookEndpoint,
  { secret, overlapMs }: { secret: string; overlapMs: number },
): Promise<boolean> {
  const now = deps.clock.now()
  if (secretsOf(deps, before, now)[0] === secret) return false
  await replaceWebhookSecret(trx, {
    id: before.id,
    secretSealed: deps.keys.seal(secretContext(before.id), secret),
    previousSecretSealed: before.secretSealed,
    previousUntil: now + overlapMs,
  })
  await recordWebhook(deps, trx, actor, 'webhook.secret_rotated', before)
  return true
}

/** Pauses a failing endpoint and tells the operator by mail, in the unit that found it failing. */
export async function pauseByItself(
  deps: Deps,
  trx: Trx,
  endpoint: WebhookEndpoint,
  { reason, said }: { reason: PauseReason; said: string },
): Promise<void> {
  const now = deps.clock.now()
  if (!(await pauseWebhookEndpoint(trx, { id: endpoint.id, now, reason }))) return
  await recordWebhook(deps, trx, SYSTEM, 'webhook.paused', endpoint, { reason, said })
  const { operator } = deps.config.current().mail
  if (operator === undefined) return
  await enqueueMail(deps, trx, {
    to: operator,
    template: 'webhook_paused',
    lang: 'en',
    values: { endpoint: endpoint.url, endpoint_id: endpoint.id, said, occurred_at: toRfc3339(now) },
    expiresAt: now + OPERATOR_MAIL_MS,
  })
}

/** Says whether an endpoint wants an event. */
export function isWanted({ events }: Pick<WebhookEndpoint, 'events'>, type: string): boolean {
  return events.some((glob) => matches(glob, type))
}

/** Runs a unit that locks the endpoint. Returns the endpoint as it is afterwards. Throws WEBHOOK_NOT_FOUND. */
async function withEndpoint(
  deps: Deps,
  id: string,
  work: (trx: Trx, endpoint: WebhookEndpoint) => Promise<boolean>,
): Promise<{ endpoint: WebhookEndpoint; isChanged: boolean }> {
  return await decide(deps, async (trx) => {
    const before = await lockWebhookEndpoint(trx, id)
    if (!before) return unknownEndpoint(id)
    const isChanged = await work(trx, before)
    return { endpoint: (await findWebhookEndpoint(trx, id)) ?? before, isChanged }
  })
}

type WebhookEvent = Extract<EventType, `webhook.${string}`>

/** Records an event about an endpoint. */
export async function recordWebhook(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  type: WebhookEvent,
  { id, url, events }: Pick<WebhookEndpoint, 'id' | 'url' | 'events'>,
  more: Record<string, unknown> = {},
): Promise<void> {
  await recordEvent(deps, trx, actor, { type, metadata: { endpoint_id: id, url, events, ...more } })
}

/**
 * Only an operator and the configuration may let an endpoint be in a private network. If an API key names an address, the
 * endpoint may be private no longer.
 */
function changeBy<Change extends WebhookChange>(actor: Actor, change: Change): Change {
  if (!actor.id.startsWith('api-key:')) return change
  const { allowsPrivate: _, ...rest } = change
  return { ...rest, ...(change.url !== undefined && { allowsPrivate: false }) } as Change
}

function checked({ url, description, events, allowsPrivate }: NewWebhook & { allowsPrivate: boolean }) {
  const refusal = refuseWebhookUrl(url, { allowsPrivate })
  if (refusal !== undefined) throw invalid('/url', `url: "${url}" cannot be an endpoint. ${refusal}`)
  const about = description.replace(/\p{Cc}+/gu, ' ').trim()
  if (about.length > 200) throw invalid('/description', 'description: use at most 200 characters.')
  if (events.length === 0) throw invalid('/events', 'events: name at least one, or * for all.')
  const unknown = events.find((glob) => !Object.keys(EVENTS).some((type) => matches(glob, type)))
  if (unknown !== undefined) {
    throw invalid('/events', `events: "${unknown}" is not an event. Write user.*, session.revoked or *.`)
  }
  return { url, description: about, events, allowsPrivate }
}

function matches(glob: string, type: string): boolean {
  const [head = '', ...tail] = glob.split('*')
  if (tail.length === 0) return glob === type
  return tail.length === 1 && type.startsWith(head) && type.endsWith(tail[0] ?? '')
}

function newSecret(deps: Pick<Deps, 'random'>): string {
  return webhookSecretOf(deps.random.bytes(SECRET_BYTES))
}

/** The `whsec_…` form of a given secret. Throws VALIDATION_ERROR for one that is too short. */
export function checkedSecret(text: string): string {
  const secret = normalizeWebhookSecret(text)
  if (secret !== undefined) return secret
  throw invalid('/secret', 'secret: use whsec_ and base64, or any other text, of at least 24 bytes.')
}

function invalid(pointer: string, message: string): AuthdError {
  return new AuthdError('VALIDATION_ERROR', { message, details: { errors: [{ pointer, code: 'INVALID' }] } })
}

function unknownEndpoint(id: string): AuthdError {
  return new AuthdError('WEBHOOK_NOT_FOUND', {
    message: `No endpoint "${id}".`,
    suggestions: ['authd webhooks list'],
  })
}
