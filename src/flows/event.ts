import type { Deps } from '../deps.ts'
import type { Metrics } from '../platform/monitoring/metrics.ts'
import { type AuditOutcome, insertAuditLog } from '../store/audit-logs.ts'
import type { Trx } from '../store/db.ts'

/** Every security event with its meaning. Each is one row of the audit log. */
export const EVENTS = {
  'user.registered': 'A user proved an address for the first time, or an operator added the user.',
  'user.authenticated': 'A user signed in. metadata.method says how.',
  'user.authentication_failed': 'A proof was wrong or was not accepted. metadata.reason says why.',
  'user.email_verified':
    'A user proved an address that an operator had set. metadata.dropped names the factors from before their first proof.',
  'user.factor_due': 'A first proof was right, and a second factor was requested.',
  'user.locked': 'Wrong codes locked or disabled a factor. metadata says which and for how long.',
  'user.unlocked': 'An operator cleared a lockout caused by wrong codes.',
  'user.new_device': 'A user signed in on a browser that they had not used before.',
  'user.updated': 'The name or factor policy of a user was changed. metadata says what.',
  'user.email_changed': 'The address of a user was changed.',
  'user.email_restored': 'The former address of a user was restored with a code sent there.',
  'user.exported': "A user's data was exported.",
  'user.invited': 'An operator invited a user to prove their address.',
  'user.recovery_link_made': 'An operator created a recovery link. metadata says which factors it removes.',
  'user.recovery_link_used': 'A recovery link was used. metadata says which factors it removed.',
  'user.disabled': 'An operator disabled a user.',
  'user.enabled': 'An operator enabled a user again.',
  'user.deleted': 'A user and all their data were deleted. The user is told by mail.',
  'magic_link.requested': 'A sign-in mail was requested.',
  'magic_link.previewed':
    'A sign-in link was opened in another browser than the one that requested it. It stays valid.',
  'session.created': 'A session started.',
  'session.stepped_up': 'A signed-in user gave a fresh proof. metadata.proof says which.',
  'session.revoked': 'A session was revoked. metadata.reason says why.',
  'session.reuse_detected': 'A used refresh token was presented again, and its session was revoked.',
  'totp.enrolled': 'An authenticator app was set up.',
  'totp.removed': 'An authenticator app was removed.',
  'totp.failed': 'A code of an authenticator app was wrong.',
  'webauthn.registered': 'A passkey was added.',
  'webauthn.renamed': 'A passkey was renamed.',
  'webauthn.removed': 'A passkey was removed.',
  'webauthn.counter_regressed':
    'A passkey answered with an older counter, so it may be a copy. It is rejected unless it is synced.',
  'recovery_codes.made': 'New recovery codes were created. Older codes ended.',
  'recovery_codes.removed': 'The recovery codes of a user were deleted.',
  'recovery_code.used': 'A recovery code was used. metadata.left says how many are left.',
  'recovery_code.failed': 'A recovery code was wrong.',
  'signing_key.created': 'A signing key was made and published.',
  'api_key.created': 'An operator made an API key.',
  'api_key.revoked': 'An operator revoked an API key.',
  'api_key.refused':
    'A valid API key was used beyond its rights. metadata.reason is scope, network, expired or revoked. Recorded once an hour per key.',
  'rate_limit.exceeded': 'A rate limit was exceeded. metadata.policy says which. Recorded once per window.',
  'rate_limit.reset': 'An operator reset the counts of a rate limit.',
  'ip_filter.added': 'A rule for a network was added or replaced.',
  'ip_filter.removed': 'A rule for a network was removed, or had expired.',
  'ip_filter.hit': 'A rule blocked a request. Recorded once an hour per client.',
  'lockdown.on': 'An operator signed everybody out and stopped sign-ups and mails.',
  'lockdown.off': 'An operator ended the lockdown.',
  'setting.changed': 'A live setting was set or removed. metadata has the value before and after.',
  'webhook.added': 'A webhook endpoint was added.',
  'webhook.updated': 'The address, events or description of an endpoint were changed. metadata says which.',
  'webhook.paused': 'Deliveries to an endpoint were paused, by an operator or because it is gone or failed for days.',
  'webhook.resumed': 'An operator resumed deliveries to an endpoint.',
  'webhook.secret_rotated': 'The secret of an endpoint was replaced. For a while both secrets sign.',
  'webhook.removed': 'An endpoint was removed with its waiting deliveries.',
  'mail.retried': 'An operator retried a mail.',
  'mail.cancelled': 'An operator cancelled a queued mail.',
  'webhook.retried': 'An operator retried a delivery to an endpoint.',
  'mail.failed': 'A mail could not be sent. metadata.reason says why.',
  'mail.suppressed': 'The mail server rejected an address repeatedly. It gets no mail for metadata.days days.',
  'mail.unsuppressed': 'An operator allowed mail to an address again.',
} as const satisfies Record<string, string>

export type EventType = keyof typeof EVENTS

/** Who acts, and from where. The door makes it, and the audit row keeps it. */
export interface Actor {
  /** `anonymous`, `user:<id>`, `api-key:<id>`, `cli:<login>@<host>`, `system`. */
  id: string
  ip: string | null
  userAgent: string | null
  requestId: string | null
  /** For a CLI call: command, reason and SSH client. For a request: its trace. */
  metadata?: Record<string, string>
}

export const SYSTEM: Actor = {
  id: 'system',
  ip: null,
  userAgent: null,
  requestId: null,
}

export interface Event {
  type: EventType
  outcome?: AuditOutcome
  /** The user it is about, or what is known of them: an id, or an address without a user. */
  user?: { id?: string | null; email?: string | null }
  sessionId?: string | null
  metadata?: Record<string, unknown>
}

/**
 * Records an event in the unit of what happened, so that both commit or neither does. Its metric is counted after the
 * commit.
 */
export async function recordEvent(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  event: Event,
): Promise<void> {
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
    metadata: { ...statedBy(actor, event), ...event.metadata },
  })
  trx.afterCommit(() => COUNTERS[event.type]?.(deps.metrics, event.metadata ?? {}))
}

/**
 * What the door says about the act. An operator's reason is kept as `operator_reason` next to the event's own reason.
 */
function statedBy({ metadata = {} }: Actor, event: Event): Record<string, string> {
  const { reason, ...rest } = metadata
  if (reason === undefined) return rest
  const own = event.metadata?.['reason']
  return own === undefined || own === reason ? metadata : { ...rest, operator_reason: reason }
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

type Counter = (metrics: Metrics, metadata: Record<string, unknown>) => void

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
