import { z } from 'zod'
import type { ListedUser } from '../flows/users/list.ts'
import { toRfc3339 } from '../platform/clock.ts'
import type { User } from '../store/users.ts'
import { idField, sample, timeField } from './shared-fields.ts'

/** A user as operators see it, on the command line and in the admin API. */
export const userResource = z
  .strictObject({
    id: idField('usr').describe('The id of the user. It never changes.'),
    email: sample('ada@example.com').describe('The address, as it was typed.'),
    name: sample('Ada Lovelace').nullable().describe('The name of the user.'),
    status: z.enum(['active', 'invited', 'disabled']).describe('Whether the user can sign in.'),
    email_verified: z
      .boolean()
      .meta({ examples: [true] })
      .describe('The address was proven.'),
    created_at: timeField.describe('When the user was added.'),
    last_seen_at: timeField.nullable().describe('The last use of a session.'),
    disabled_at: timeField.nullable().describe('When an operator disabled the user.'),
    disabled_reason: z.string().nullable().describe('Why the user was disabled.'),
    mfa_policy: z.enum(['optional', 'required']).nullable().describe('`null`: the policy of the deployment applies.'),
  })
  .meta({ id: 'User', description: 'A user.' })
export type UserResource = z.output<typeof userResource>

export function presentUser(user: User): UserResource {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    status: statusOf(user),
    email_verified: user.emailVerifiedAt !== null,
    created_at: toRfc3339(user.createdAt),
    last_seen_at: timeOrNull(user.lastSeenAt),
    disabled_at: timeOrNull(user.disabledAt),
    disabled_reason: user.disabledReason,
    mfa_policy: user.mfaPolicy,
  }
}

/** A user in a list. */
export const listedUserResource = userResource
  .extend({
    live_sessions: z.int().describe('The number of live sessions.'),
    totp_enabled: z.boolean().describe('The user has an authenticator app.'),
    webauthn_credentials_count: z.int().describe('The number of passkeys.'),
  })
  .meta({ id: 'ListedUser', description: 'A user, with factors and sessions.' })
export type ListedUserResource = z.output<typeof listedUserResource>

export function presentListedUser({ user, liveSessions, passkeys, hasTotp }: ListedUser): ListedUserResource {
  const methods = { totp_enabled: hasTotp, webauthn_credentials_count: passkeys }
  return { ...presentUser(user), live_sessions: liveSessions, ...methods }
}

/** A user as the signed-in user sees it. */
export const ownUserResource = userResource
  .pick({
    id: true,
    email: true,
    name: true,
    email_verified: true,
    created_at: true,
  })
  .meta({ id: 'OwnUser', description: 'A user, as the signed-in user sees it.' })

export function presentOwnUser(user: User): z.output<typeof ownUserResource> {
  const { id, email, name, email_verified, created_at } = presentUser(user)
  return { id, email, name, email_verified, created_at }
}

function statusOf({ disabledAt, emailVerifiedAt, invitedUntil }: User): UserResource['status'] {
  if (disabledAt !== null) return 'disabled'
  return emailVerifiedAt === null && invitedUntil !== null ? 'invited' : 'active'
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : toRfc3339(epochMs)
}
