import type { Deps } from '../deps.ts'
import type { Metrics } from '../platform/monitoring/metrics.ts'
import { type AuditOutcome, insertAuditLog } from '../store/audit-logs.ts'
import type { Trx } from '../store/db.ts'
import { type EventType, type MetadataKey, splitMetadata } from './events.ts'

export { type DeclaredEvent, EVENTS, type EventType } from './events.ts'

/** Who acts, and from where. The door makes it, and the audit row keeps it. */
export interface Actor {
  /** `anonymous`, `user:<id>`, `api-key:<id>`, `cli:<login>@<host>`, `system`. */
  id: string
  ip: string | null
  userAgent: string | null
  requestId: string | null
  /** For a CLI call: command, reason and SSH client. For a request: its trace. */
  metadata?: { command?: string; reason?: string; ssh_client?: string; trace_id?: string }
}

export const SYSTEM: Actor = {
  id: 'system',
  ip: null,
  userAgent: null,
  requestId: null,
}

type MetadataOf<Type extends EventType> = { [Key in MetadataKey<Type>]?: unknown }
/** Forbids every other key, also in an object that was made elsewhere. */
type Only<Metadata, Key> = { [Other in Exclude<keyof Metadata, Key>]: never }

export interface Event<Type extends EventType = EventType, Metadata = MetadataOf<Type>> {
  type: Type
  outcome?: AuditOutcome
  /** The user it is about, or what is known of them: an id, or an address without a user. */
  user?: { id?: string | null; email?: string | null }
  sessionId?: string | null
  /** Only keys that events.ts declares for the event. */
  metadata?: Metadata
}

/**
 * Records an event in the unit of what happened, so that both commit or neither does. Its metric is counted after the
 * commit.
 */
export async function recordEvent<Type extends EventType, Metadata extends MetadataOf<Type>>(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  event: Event<Type, Metadata & Only<Metadata, MetadataKey<Type>>>,
): Promise<void> {
  const own: Readonly<Record<string, unknown>> = event.metadata ?? {}
  await insertAuditLog(trx, {
    id: deps.random.id('evt'),
    occurredAt: deps.clock.now(),
    eventType: event.type,
    outcome: event.outcome ?? 'success',
    userId: event.user?.id ?? null,
    email: event.user?.email ?? null,
    ip: actor.ip,
    userAgent: actor.userAgent,
    sessionId: event.sessionId ?? null,
    requestId: actor.requestId,
    actor: actor.id,
    ...splitMetadata(event.type, own, statedBy(actor, own)),
  })
  trx.afterCommit(() => COUNTERS[event.type]?.(deps.metrics, own))
}

/**
 * What the door says about the act. An operator's reason is kept as `operator_reason` next to the event's own reason.
 */
function statedBy({ metadata = {} }: Actor, own: Readonly<Record<string, unknown>>): Record<string, string> {
  const { reason, ...rest } = metadata
  if (reason === undefined) return rest
  return own['reason'] === undefined || own['reason'] === reason ? metadata : { ...rest, operator_reason: reason }
}

/** The reasons that a metric names. Any other is counted as `other`, so that series stay few. */
const REASONS = new Set([
  'expired',
  'used',
  'invalid_code',
  'replay',
  'capped',
  'not_accepted',
  'not_allowed',
  'disabled',
  'other_person',
])

type Counter = (metrics: Metrics, metadata: Readonly<Record<string, unknown>>) => void

/** The metrics that an event counts towards, after its commit. */
const COUNTERS: Partial<Record<EventType, Counter>> = {
  'user.authenticated': (metrics, { method }) => countAttempt(metrics, String(method)),
  'user.authentication_failed': (metrics, { method, reason }) => countAttempt(metrics, String(method), String(reason)),
  'totp.failed': (metrics) => countAttempt(metrics, 'totp', 'invalid_code'),
  'recovery_code.failed': (metrics) => countAttempt(metrics, 'recovery_code', 'invalid_code'),
  'session.reuse_detected': (metrics) => countAttempt(metrics, 'refresh', 'replay'),
  'session.created': (metrics) => metrics.count('sessions_created_total', {}),
  'session.revoked': (metrics, { reason }) => metrics.count('sessions_revoked_total', { reason: String(reason) }),
  'user.locked': (metrics) => metrics.count('account_lockouts_total', {}),
  'mail.failed': (metrics, { template }) => metrics.count('emails_failed_total', { template: String(template) }),
}

/** Counts one proof. Without a reason it was right. */
export function countAttempt(metrics: Metrics, method: string, reason = ''): void {
  metrics.count('auth_attempts_total', {
    method,
    status: reason === '' ? 'success' : 'failure',
    reason: reason === '' || REASONS.has(reason) ? reason : 'other',
  })
}
