import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, isInForce, toRfc3339 } from '../../platform/clock.ts'
import { type EmailAddress, parseEmailAddress } from '../../platform/email-address.ts'
import { digest, equalSecrets, mintSecret, parseToken } from '../../platform/secret.ts'
import { shell } from '../../platform/shell.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { findInvitation, insertInvitation } from '../../store/invitations.ts'
import { findUser, findUserByEmail, inviteUser, lockUser, type User } from '../../store/users.ts'
import { partsOf } from '../bulk-units.ts'
import { enqueueMail } from '../outbox/mail-sending.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { type BegunSignIn, beginSignIn } from '../signin/begin.ts'
import { addUserIn } from './add.ts'
import { endedLink } from './ended-link.ts'

/** How long an invitation is valid: unless the operator says otherwise, and at most. */
export const INVITATION_LIFE = { usualMs: 3 * DAY, mostMs: 90 * DAY } as const

export interface MadeInvitation {
  id: string
  user: User
  url: string
  expiresAt: number
  /** The id of the mail, or null if none was sent. */
  messageId: string | null
}

/** Invites addresses, in small units, after checking that none is a user. Throws CONFLICT. */
export async function inviteUsers(
  deps: Deps,
  actor: Actor,
  {
    emails,
    ttlMs,
    lang,
    mustSend,
    name,
  }: { emails: EmailAddress[]; ttlMs: number; lang: string; mustSend: boolean; name: string | null },
): Promise<MadeInvitation[]> {
  await deps.db.read((sql) => refuseUsers(sql, emails))
  const all: MadeInvitation[] = []
  const invite = async (trx: Trx, part: EmailAddress[]) => {
    const made: MadeInvitation[] = []
    for (const email of part) {
      const added = await addUserIn(deps, trx, actor, { email, name, isVerified: false })
      const user = (await lockUser(trx, added.user.id)) ?? added.user
      const invitation = await inviteIn(deps, trx, actor, { user, ttlMs, lang, mustSend })
      if (!invitation) throw isUserError(user, all.length)
      made.push(invitation)
    }
    return made
  }
  for (const part of partsOf(emails)) all.push(...(await deps.db.write((trx) => invite(trx, part))))
  return all
}

export interface InviteUser {
  /** Locked. */
  user: User
  ttlMs: number
  lang: string
  mustSend: boolean
}

/** Invites a user; undefined if they are disabled or have proven their address. */
export async function inviteIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, ttlMs, lang, mustSend }: InviteUser,
): Promise<MadeInvitation | undefined> {
  const now = deps.clock.now()
  const expiresAt = now + ttlMs
  const { publicUrl } = deps.config.current()
  if (user.disabledAt !== null || !(await inviteUser(trx, { id: user.id, until: expiresAt }))) return undefined
  const id = deps.random.id('inv')
  const secret = mintSecret(deps.random)
  const url = `${publicUrl}/invite?token=${id}.${secret}`
  const row = { id, userId: user.id, secretDigest: digest(secret), lang, createdAt: now, expiresAt }
  await insertInvitation(trx, { ...row, createdBy: actor.id })
  await recordEvent(deps, trx, actor, { type: 'user.invited', user, metadata: { invitation: id } })
  const mail = {
    to: user.email,
    template: 'invitation' as const,
    lang,
    values: { link: url, expires_days: String(Math.max(1, Math.round(ttlMs / DAY))), occurred_at: toRfc3339(now) },
    expiresAt,
  }
  const messageId = mustSend ? await enqueueMail(deps, trx, mail) : null
  return { id, user: { ...user, invitedUntil: expiresAt }, url, expiresAt, messageId }
}

async function refuseUsers(sql: Sql, emails: EmailAddress[]): Promise<void> {
  for (const { canonical } of emails) {
    const user = await findUserByEmail(sql, canonical)
    if (user && (user.disabledAt !== null || user.emailVerifiedAt !== null)) throw isUserError(user, 0)
  }
}

/** `invited`: how many were invited before this address was proven. */
function isUserError({ id, email }: User, invited: number): AuthdError {
  const done = invited === 0 ? 'No user was invited' : `Only the first ${invited} addresses were invited`
  return new AuthdError('CONFLICT', {
    message: `${email} is a user already (${id}). ${done}.`,
    suggestions: [shell`authd users show ${email}`],
  })
}

/**
 * The user whom an invitation is for. It is not a credential, so it can be opened any number of times until the address
 * is proven or changed, where store/users.ts ends the invitations. Throws MAGIC_LINK_EXPIRED.
 */
export async function findInvited(deps: Deps, token: string): Promise<User> {
  const { user, endedAt } = await deps.db.read((sql) => readInvited(sql, token, deps.clock.now()))
  if (!user) throw endedLink(endedAt)
  return user
}

/**
 * Begins an ordinary sign-in for the invited address, with a mail, because invitations are forwarded. Throws
 * MAGIC_LINK_EXPIRED, RATE_LIMITED.
 */
export async function acceptInvitation(
  deps: Deps,
  actor: Actor,
  { token, lang, held, device }: { token: string; lang: string; held: string[]; device: string | undefined },
): Promise<BegunSignIn> {
  const user = await findInvited(deps, token)
  const email = parseEmailAddress(user.email)
  return await beginSignIn(deps, actor, { email, deliver: 'cookie', lang, held, device })
}

async function readInvited(sql: Sql, text: string, now: number): Promise<{ user?: User; endedAt?: number }> {
  const token = parseToken('inv', text)
  const invitation = token && (await findInvitation(sql, token.id))
  if (!invitation || !equalSecrets(digest(token.secret), invitation.secretDigest)) return {}
  if (!isInForce(now, invitation.createdAt, invitation.expiresAt)) return { endedAt: invitation.expiresAt }
  const user = await findUser(sql, invitation.userId)
  return user?.disabledAt === null ? { user } : {}
}
