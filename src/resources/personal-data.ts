import { z } from 'zod'
import type { PersonalData } from '../flows/users/export.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { describeUserAgent } from '../platform/user-agent.ts'
import type { AuditLog } from '../store/audit-logs.ts'
import { sample, timeField } from './field.ts'
import { passkeyResource, presentPasskey } from './passkey.ts'
import { presentSession, sessionResource } from './session.ts'
import { presentUser, userResource } from './user.ts'

/** An event as its user sees it. Operators stay unnamed. */
export const ownEventResource = z.strictObject({
  time: timeField,
  event_type: sample('user.authenticated'),
  outcome: z.enum(['success', 'failure']),
  by: z.enum(['you', 'operator', 'system', 'somebody']),
  ip: sample('198.51.100.20').nullable(),
  user_agent: z.string().nullable(),
  device: z.string().nullable(),
})
export type OwnEvent = z.output<typeof ownEventResource>

export function presentOwnEvent(log: AuditLog): OwnEvent {
  return {
    time: toRfc3339(log.occurredAt),
    event_type: log.eventType,
    outcome: log.outcome,
    by: byOf(log),
    ip: log.ip,
    user_agent: log.userAgent,
    device: describeUserAgent(log.userAgent) ?? null,
  }
}

/** All data on one user, for an access request. */
export const personalDataResource = z.strictObject({
  exported_at: timeField,
  user: userResource,
  sign_in_methods: z.strictObject({
    passkeys: z.array(passkeyResource),
    totp_since: timeField.nullable(),
    recovery_codes_left: z.int(),
  }),
  sessions: z.array(sessionResource.omit({ token: true, revoked_by: true })),
  events: z.array(ownEventResource).describe('Newest first.'),
})

export function presentPersonalData(data: PersonalData): z.output<typeof personalDataResource> {
  return {
    exported_at: toRfc3339(data.exportedAt),
    user: presentUser(data.user),
    sign_in_methods: {
      passkeys: data.passkeys.map(presentPasskey),
      totp_since: data.totpSince === null ? null : toRfc3339(data.totpSince),
      recovery_codes_left: data.recoveryCodes,
    },
    sessions: data.sessions.map((session) => {
      const { token: _, revoked_by: __, ...shown } = presentSession(session)
      return shown
    }),
    events: data.events.map(presentOwnEvent),
  }
}

function byOf({ actor, userId }: AuditLog): OwnEvent['by'] {
  if (actor === `user:${userId}`) return 'you'
  if (actor === 'system') return 'system'
  return actor === 'anonymous' || actor.startsWith('user:') ? 'somebody' : 'operator'
}
