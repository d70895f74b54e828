import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import { describeUserAgent } from '../platform/user-agent.ts'
import type { OwnedSession, Session } from '../store/sessions.ts'
import { idField, sample, timeField } from './shared-fields.ts'

/** A session as operators see it, on the command line and in the admin API. It never contains a token. */
export const sessionResource = z
  .strictObject({
    token: idField('ses').describe('The same as `id`, under an older name. It is not a secret.'),
    id: idField('ses').describe('The id of the session.'),
    user_id: idField('usr').describe('The id of its user.'),
    email: sample('ada@example.com').describe('The address of its user.'),
    created_at: timeField.describe('When the user signed in.'),
    last_seen_at: timeField.describe('Its last use, up to a minute old.'),
    expires_at: timeField.describe('When it ends, unless it is used or revoked before.'),
    revoked: z.boolean().describe('The session was ended early.'),
    revoked_at: timeField.nullable().describe('When it was ended.'),
    revoked_by: z.string().nullable().describe('Who ended it.'),
    revoked_reason: z.string().nullable().describe('Why it was ended.'),
    delivery: z.enum(['cookie', 'tokens']).describe('How its credentials are delivered.'),
    amr: z.array(sample('email')).describe('What was proven.'),
    aal: z.int().describe('The level of assurance: 1, or 2 with two factors.'),
    ip: sample('198.51.100.20').nullable().describe('The address of the client at sign-in.'),
    user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
      .nullable()
      .describe('The `User-Agent` header at sign-in.'),
    device: sample('Firefox on Linux').nullable().describe('The browser and system, in words.'),
    refresh_generation: z.int().describe('How often its tokens were refreshed.'),
  })
  .meta({ id: 'Session', description: 'A session as operators see it. It never contains a token.' })
export type SessionResource = z.output<typeof sessionResource>

export function presentSession(session: OwnedSession): SessionResource {
  return {
    token: session.id,
    id: session.id,
    user_id: session.userId,
    email: session.user.email,
    created_at: toRfc3339(session.createdAt),
    last_seen_at: toRfc3339(session.lastSeenAt),
    expires_at: toRfc3339(endOf(session)),
    revoked: session.revokedAt !== null || session.isOvertaken,
    revoked_at: session.revokedAt === null ? null : toRfc3339(session.revokedAt),
    revoked_by: session.revokedBy,
    revoked_reason: session.revokedReason,
    delivery: session.delivery,
    amr: session.amr,
    aal: session.aal,
    ip: session.ip,
    user_agent: session.userAgent,
    device: describeUserAgent(session.userAgent) ?? null,
    refresh_generation: session.generation,
  }
}

/** A session as its user sees it. */
export const ownSessionResource = z
  .strictObject({
    id: idField('ses').describe('The id of the session.'),
    current: z.boolean().describe('This request used this session.'),
    created_at: timeField.describe('When the user signed in.'),
    last_seen_at: timeField.describe('Its last use, up to a minute old.'),
    expires_at: timeField.describe('When it ends, unless it is used or revoked before.'),
    ip: sample('198.51.100.20').nullable().describe('The address of the client at sign-in.'),
    user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0')
      .nullable()
      .describe('The `User-Agent` header at sign-in.'),
    amr: z.array(sample('email')).describe('What was proven.'),
    aal: z.int().describe('The level of assurance: 1, or 2 with two factors.'),
  })
  .meta({ id: 'OwnSession', description: 'A session as its user sees it.' })

export function presentOwnSession(session: OwnedSession, currentId: string): z.output<typeof ownSessionResource> {
  return {
    id: session.id,
    current: session.id === currentId,
    created_at: toRfc3339(session.createdAt),
    last_seen_at: toRfc3339(session.lastSeenAt),
    expires_at: toRfc3339(endOf(session)),
    ip: session.ip,
    user_agent: session.userAgent,
    amr: session.amr,
    aal: session.aal,
  }
}

/** The session in the answer of a sign-in. */
export const newSessionResource = z
  .strictObject({
    id: idField('ses').describe('The id of the session.'),
    user_id: idField('usr').describe('The id of the user.'),
    aal: z.int().describe('The level of assurance: 1, or 2 with two factors.'),
    amr: z.array(sample('email')).describe('What was proven.'),
    expires_at: timeField.describe('When it ends, unless it is used or revoked before.'),
    enrolment_required: z.boolean().describe('The session can only be used to set up a second factor.'),
  })
  .meta({ id: 'NewSession', description: 'The session of an answer that hands one over.' })

export function presentNewSession(session: Session): z.output<typeof newSessionResource> {
  const { id, userId, aal, amr, isEnrolmentDue } = session
  const expires_at = toRfc3339(endOf(session))
  return { id, user_id: userId, aal, amr, expires_at, enrolment_required: isEnrolmentDue }
}

const currentUserResource = z
  .strictObject({
    id: idField('usr').describe('The id of the user. It never changes.'),
    email: sample('ada@example.com').describe('The address of the user.'),
    email_verified: z
      .boolean()
      .meta({ examples: [true] })
      .describe('The address was proven. An operator may have set one that is not yet.'),
    name: sample('Ada Lovelace').nullable().describe('The name of the user.'),
  })
  .meta({ id: 'CurrentUser', description: 'The signed-in user.' })

const liveSessionResource = z
  .strictObject({
    id: idField('ses').describe('The id of the session.'),
    aal: z.int().describe('The level of assurance: 1, or 2 with two factors.'),
    amr: z.array(sample('email')).describe('What was proven.'),
    auth_time: timeField.describe('The last sign-in or step-up.'),
    expires_at: timeField.describe('When it ends, unless it is used or revoked before.'),
  })
  .meta({ id: 'LiveSession', description: 'The live session.' })

/** The signed-in user and session, which apps ask for on each request. */
export const currentSessionResource = z
  .strictObject({ user: currentUserResource, session: liveSessionResource })
  .meta({ id: 'CurrentSession', description: 'The signed-in user and session.' })

export function presentCurrentSession(session: OwnedSession): z.output<typeof currentSessionResource> {
  const { id, aal, amr, user } = session
  return {
    user: {
      id: session.userId,
      email: user.email,
      email_verified: user.emailVerifiedAt !== null,
      name: user.name,
    },
    session: { id, aal, amr, auth_time: toRfc3339(session.authTime), expires_at: toRfc3339(endOf(session)) },
  }
}

/** When it ends, unless it is used before. Epoch milliseconds. */
export function endOf({ idleExpiresAt, expiresAt }: Session): number {
  return Math.min(idleExpiresAt, expiresAt)
}
