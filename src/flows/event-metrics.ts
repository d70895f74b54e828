import type { Deps } from '../deps.ts'
import type { Metrics } from '../platform/monitoring/metrics.ts'
import type { Event, EventType } from './event.ts'

/** What a metric may say of a failure; anything else is `other`, so that series stay few. */
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

/** Counts what an event tells. Called once the event is durable. */
export function countEvent({ metrics }: Pick<Deps, 'metrics'>, { type, metadata = {} }: Event): void {
  COUNTERS[type]?.(metrics, metadata)
}

/** One proof that was offered; without a reason, a good one. */
export function countAttempt(metrics: Metrics, method: string, reason = ''): void {
  metrics.count('auth_attempts_total', {
    method,
    status: reason === '' ? 'success' : 'failure',
    reason: reason === '' || REASONS.has(reason) ? reason : 'other',
  })
}
