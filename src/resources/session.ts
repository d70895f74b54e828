import { z } from 'zod'
import { toRfc3339 } from '../platform/clock.ts'
import { describeUserAgent } from '../platform/user-agent.ts'
import type { OwnedSession, Session } from '../store/sessions.ts'
import { idField, sample, timeField } from './field.ts'

/** A session as operators see it, on the command line and in the admin API. It never contains a token. */
export const sessionResource = z.strictObject({
  token: idField('ses').describe('The same as `id`, under an older name. It is not a secret.'),
  id: idField('ses'),
  user_id: idField('usr'),
  email: sample('ada@example.com'),
  created_at: timeField,
  last_seen_at: timeField,
  expires_at: timeField,
  revoked: z.boolean(),
  revoked_at: timeField.nullable(),
  revoked_by: z.string().nullable(),
  revoked_reason: z.string().nullable(),
  delivery: z.enum(['cookie', 'tokens']),
  amr: z.array(sample('email')),
  aal: z.int(),
  ip: sample('198.51.100.20').nullable(),
  user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0').nullable(),
  device: sample('Firefox on Linux').nullable(),
  refresh_generation: z.int(),
})
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
export const ownSessionResource = z.strictObject({
  id: idField('ses'),
  current: z.boolean(),
  created_at: timeField,
  last_seen_at: timeField,
  expires_at: timeField,
  ip: sample('198.51.100.20').nullable(),
  user_agent: sample('Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0').nullable(),
  amr: z.array(sample('email')),
  aal: z.int(),
})

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
export const newSessionResource = z.strictObject({
  id: idField('ses'),
  user_id: idField('usr'),
  aal: z.int(),
  amr: z.array(sample('email')),
  expires_at: timeField,
  enrolment_required: z.boolean().describe('The session can only be used to set up a second factor.'),
})

export function presentNewSession(session: Session): z.output<typeof newSessionResource> {
  const { id, userId, aal, amr, isEnrolmentDue } = session
  const expires_at = toRfc3339(endOf(session))
  return { id, user_id: userId, aal, amr, expires_at, enrolment_required: isEnrolmentDue }
}

/** The signed-in user and session, which apps ask for on each request. */
export const currentSessionResource = z.strictObject({
  user: z.strictObject({
    id: idField('usr'),
    email: sample('ada@example.com'),
    name: sample('Ada Lovelace').nullable(),
  }),
  session: z.strictObject({
    id: idField('ses'),
    aal: z.int(),
    amr: z.array(sample('email')),
    auth_time: timeField,
    expires_at: timeField,
  }),
})

export function presentCurrentSession(session: OwnedSession): z.output<typeof currentSessionResource> {
  const { id, aal, amr, user } = session
  return {
    user: { id: session.userId, email: user.email, name: user.name },
    session: { id, aal, amr, auth_time: toRfc3339(session.authTime), expires_at: toRfc3339(endOf(session)) },
  }
}

function endOf({ idleExpiresAt, expiresAt }: Session): number {
  return Math.min(idleExpiresAt, expiresAt)
}
