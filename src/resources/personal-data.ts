import { z } from 'zod'
import type { PersonalData } from '../flows/users/export.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { describeUserAgent } from '../platform/user-agent.ts'
import type { AuditLog } from '../store/audit-logs.ts'
import { passkeyResource, presentPasskey } from './passkey.ts'
import { presentSession, sessionResource } from './session.ts'
import { sample, timeField } from './shared-fields.ts'
import { presentUser, userResource } from './user.ts'

/** An event as its user sees it. Operators stay unnamed. */
export const ownEventResource = z
  .strictObject({
    time: timeField.describe('When it happened.'),
    event_type: sample('user.authenticated').describe('What happened.'),
    outcome: z.enum(['success', 'failure']).describe('Whether it succeeded.'),
    by: z.enum(['you', 'operator', 'system', 'somebody']).describe('Who did it. Operators stay unnamed.'),
    ip: sample('198.51.100.20').nullable().describe('The address of the client.'),
    user_agent: z.string().nullable().describe('The `User-Agent` header of the client.'),
    device: z.string().nullable().describe('The browser and system, in words.'),
  })
  .meta({ id: 'OwnEvent', description: 'An event as its user sees it.' })
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

const signInMethodsResource = z
  .strictObject({
    passkeys: z.array(passkeyResource).describe('All passkeys.'),
    totp_since: timeField.nullable().describe('When the authenticator app was set up.'),
    recovery_codes_left: z.int().describe('How many recovery codes are unused.'),
  })
  .meta({ id: 'SignInMethods', description: 'How the user can sign in.' })

const exportedSessionResource = sessionResource
  .omit({ token: true, revoked_by: true })
  .meta({ id: 'ExportedSession', description: 'A session, as its user gets it. Operators stay unnamed.' })

/** All data on one user, for an access request. */
export const personalDataResource = z
  .strictObject({
    exported_at: timeField.describe('When the data was read.'),
    user: userResource.describe('The user.'),
    sign_in_methods: signInMethodsResource,
    sessions: z.array(exportedSessionResource).describe('All sessions, also ended ones.'),
    events: z.array(ownEventResource).describe('Newest first.'),
  })
  .meta({ id: 'PersonalData', description: 'All data on a user, except secrets.' })

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
