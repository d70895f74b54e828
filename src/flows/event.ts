import type { Deps } from '../deps.ts'
import type { Metrics } from '../platform/monitoring/metrics.ts'
import { type AuditOutcome, insertAuditLog } from '../store/audit-logs.ts'
import type { Trx } from '../store/db.ts'
import type { User } from '../store/users.ts'

/** Every event of security, and what it means. One row of the audit log each. */
export const EVENTS = {
  'user.registered': 'An address was proven for the first time, or an operator added the person.',
  'user.authenticated': 'Somebody signed in; metadata.method says how.',
  'user.authentication_failed': 'A proof was wrong or not accepted; metadata.reason says why.',
  'user.email_verified': 'An address was proven that an operator had added; what was enrolled before it was dropped.',
  'user.factor_due': 'A first proof was right, and a second factor was asked for.',
  'user.locked': 'A factor was braked or switched off by wrong codes; metadata says which and for how long.',
  'user.unlocked': 'An operator lifted what wrong codes had braked.',
  'user.new_device': 'Somebody signed in on a browser that was not known to be theirs.',
  'user.updated': 'Name or factor policy of a person was changed; metadata says what.',
  'user.email_changed': 'The address of a person was changed.',
  'user.email_restored': 'The former address of a person was put back by a code sent there.',
  'user.exported': 'Everything held on a person was written out.',
  'user.invited': 'An operator invited a person to prove their address.',
  'user.recovery_link_made': 'An operator made a recovery link; metadata says which factors it removes.',
  'user.recovery_link_used': 'A recovery link was used; metadata says which factors it removed.',
  'user.disabled': 'An operator stopped a person from signing in.',
  'user.enabled': 'An operator let a person sign in again.',
  'user.deleted': 'A person and everything of theirs was removed.',
  'magic_link.requested': 'A sign-in mail was asked for.',
  'magic_link.previewed': 'A sign-in link was opened away from where it was asked for; nothing was spent.',
  'session.created': 'A session began.',
  'session.stepped_up': 'Somebody signed in proved again who they are; metadata.proof says how.',
  'session.revoked': 'A session was ended before its time; metadata.reason says why.',
  'session.reuse_detected': 'A spent refresh token came again: the session was ended.',
  'totp.enrolled': 'An authenticator app was set up.',
  'totp.removed': 'An authenticator app was taken away.',
  'totp.failed': 'A code of an authenticator app was wrong.',
  'webauthn.registered': 'A passkey was added.',
  'webauthn.renamed': 'A passkey got another name.',
  'webauthn.removed': 'A passkey was taken away.',
  'webauthn.counter_regressed':
    'A passkey answered with an older counter: perhaps a copy. Refused where it cannot be synced.',
  'recovery_codes.made': 'New recovery codes were made; older ones ended.',
  'recovery_codes.removed': 'The recovery codes of a person were taken away.',
  'recovery_code.used': 'A recovery code was used; metadata.left says how many are left.',
  'recovery_code.failed': 'A recovery code was wrong.',
  'signing_key.created': 'A signing key was made and published.',
  'api_key.created': 'An operator made an API key.',
  'api_key.revoked': 'An operator revoked an API key.',
  'api_key.refused':
    'A genuine API key was used beyond what it may; metadata.reason: scope, network, expired, revoked. Once an hour each.',
  'rate_limit.exceeded': 'More was asked for than a limit allows; metadata.policy says which. Once a window.',
  'rate_limit.reset': 'An operator forgot what was counted against a limit.',
  'ip_filter.added': 'A rule for a network was added or written anew.',
  'ip_filter.removed': 'A rule for a network was taken away, or had expired.',
  'ip_filter.hit': 'A request was kept out by a rule; told once an hour a client.',
  'lockdown.on': 'An operator signed everybody out and stopped sign-ups and mails.',
  'lockdown.off': 'An operator ended the lockdown.',
  'setting.changed': 'A live setting was set or taken away; metadata says from what to what.',
  'webhook.added': 'An endpoint for webhooks was added.',
  'webhook.updated': 'Address, events or description of an endpoint were changed; metadata says which.',
  'webhook.paused': 'An endpoint gets nothing any more: by an operator, or because it is gone or failed for days.',
  'webhook.resumed': 'An operator had an endpoint tried again.',
  'webhook.secret_rotated': 'The secret of an endpoint was replaced; for a while both sign.',
  'webhook.removed': 'An endpoint was taken away, with what waited for it.',
  'mail.retried': 'An operator had a mail tried again.',
  'mail.cancelled': 'An operator stopped a mail that waited.',
  'webhook.retried': 'An operator had a delivery to an endpoint tried again.',
  'mail.failed': 'A mail was given up; metadata.reason says why.',
  'mail.suppressed': 'An address was refused too often by its mail server: it gets no mail for metadata.days days.',
  'mail.unsuppressed': 'An operator let an address be mailed again.',
} as const satisfies Record<string, string>

export type EventType = keyof typeof EVENTS

/** Who does it and from where: made by the door, handed through to the audit row. */
export interface Actor {
  /** `anonymous`, `user:<id>`, `api-key:<id>`, `cli:<login>@<host>`, `system`. */
  id: string
  ip: string | null
  userAgent: string | null
  requestId: string | null
  /** Of a CLI call: command, reason, SSH client. Of a request: the trace it belongs to. */
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
  /** Whom it is about, where the caller has the row; else what is known of them. */
  user?: Pick<User, 'id' | 'email'>
  userId?: string | null
  email?: string | null
  sessionId?: string | null
  metadata?: Record<string, unknown>
}

/** Records an event in the unit that it describes: both happen, or neither; its metric counts what happened. */
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
    userId: event.user?.id ?? event.userId ?? null,
    email: event.user?.email ?? event.email ?? null,
    ip: actor.ip,
    userAgent: actor.userAgent,
    sessionId: event.sessionId ?? null,
    requestId: actor.requestId,
    actor: actor.id,
    metadata: { ...statedBy(actor, event), ...event.metadata },
  })
  trx.afterCommit(() => COUNTERS[event.type]?.(deps.metrics, event.metadata ?? {}))
}

/** What the door says of the act. An event's own reason does not hide the one that an operator stated. */
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

/** The metrics that an event counts towards, once it is durable. */
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

/** Counts one proof; without a reason it was right. */
export function countAttempt(metrics: Metrics, method: string, reason = ''): void {
  metrics.count('auth_attempts_total', {
    method,
    status: reason === '' ? 'success' : 'failure',
    reason: reason === '' || REASONS.has(reason) ? reason : 'other',
  })
}
