import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { DAY, isInForce, MINUTE } from '../../platform/clock.ts'
import { parseEmailAddress } from '../../platform/email-address.ts'
import { digest, equalSecrets, mintSecret, parseToken } from '../../platform/secret.ts'
import { shell } from '../../platform/shell.ts'
import type { Sql } from '../../store/db.ts'
import {
  endRecoveryLinks,
  findRecoveryLink,
  insertRecoveryLink,
  type RecoveryLink,
  useRecoveryLink,
} from '../../store/recovery-links.ts'
import type { Session } from '../../store/sessions.ts'
import { findUser, lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { dropLoneRecoveryCodes } from '../factors/recovery-code.ts'
import { resolveUser } from '../named-user.ts'
import { notify } from '../outbox/notice.ts'
import { dropFactors, type Factor, factorsNotEnrolled } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { endSessionsIn } from '../sessions/end-session.ts'
import { forgetProofs } from '../sessions/proofs.ts'
import { insertAttempt } from '../signin/begin.ts'
import { completeSignIn, prepareSignIn, presentSignIn, type SignInResult, whyRefused } from '../signin/complete.ts'
import { endedLink } from './ended-link.ts'

/** How long a recovery link works: unless the operator says otherwise, and at most. */
export const RECOVERY_LINK_LIFE = { usualMs: 15 * MINUTE, mostMs: DAY } as const

export interface MadeRecoveryLink {
  id: string
  user: User
  /** A bearer secret, which is shown once and handed over in person. */
  url: string
  expiresAt: number
  sessionsEnded: number
  /** Factors that the link would remove, but the user has none of. */
  notEnrolled: Factor[]
}

/**
 * Makes a link that signs a user in once, without a mail, and removes the named factors. Older links end. Throws
 * USER_NOT_FOUND, CONFLICT for a user who is disabled or whose invitation has expired.
 */
export async function makeRecoveryLink(
  deps: Deps,
  actor: Actor,
  {
    name,
    removes,
    ttlMs,
    mustEndSessions,
  }: { name: string; removes: Factor[]; ttlMs: number; mustEndSessions: boolean },
): Promise<MadeRecoveryLink> {
  const named = await resolveUser(deps, name)
  const now = deps.clock.now()
  const id = deps.random.id('rec')
  const secret = mintSecret(deps.random)
  const expiresAt = now + ttlMs
  const { user, sessionsEnded, notEnrolled } = await decide(deps, async (trx) => {
    const user = await lockUser(trx, named.id)
    if (!user) return new AuthdError('USER_NOT_FOUND', { message: `The user ${name} was deleted meanwhile.` })
    const refusal = wouldNotWork(deps, user)
    if (refusal) return refusal
    await endRecoveryLinks(trx, user.id)
    const link = { id, userId: user.id, secretDigest: digest(secret), removes, createdAt: now, expiresAt }
    await insertRecoveryLink(trx, { ...link, createdBy: actor.id })
    await recordEvent(deps, trx, actor, { type: 'user.recovery_link_made', user, metadata: { link: id, removes } })
    const filter = { userId: user.id }
    const ended = mustEndSessions ? await endSessionsIn(deps, trx, actor, { filter, reason: 'recovery' }) : []
    const notEnrolled = await factorsNotEnrolled(trx, user.id, removes)
    return { user, sessionsEnded: ended.length, notEnrolled }
  })
  const url = `${deps.config.current().publicUrl}/recover?token=${id}.${secret}`
  return { id, user, url, expiresAt, sessionsEnded, notEnrolled }
}

/** The error for a user whom a link would not sign in. */
function wouldNotWork(deps: Deps, user: User): AuthdError | undefined {
  const why = whyRefused(deps, user)
  if (!why) return undefined
  const [state, command] = why === 'disabled' ? ['is disabled', 'enable'] : ['has an expired invitation', 'invite']
  return new AuthdError('CONFLICT', {
    message: `${user.email} ${state}, so a recovery link would not work.`,
    suggestions: [shell`authd users ${command} ${user.email}`],
  })
}

/** The user of a recovery link, and the factors it removes. Spends nothing. Throws MAGIC_LINK_EXPIRED. */
export async function previewRecovery(deps: Deps, token: string): Promise<{ user: User; removes: string[] }> {
  const found = await deps.db.read(async (sql) => {
    const link = await readGenuine(sql, token)
    if (!link || endOf(link, deps.clock.now()) !== undefined) return endedLink(link && endOf(link, deps.clock.now()))
    const user = await findUser(sql, link.userId)
    return user && !whyRefused(deps, user) ? { user, removes: link.removes } : endedLink()
  })
  if (found instanceof AuthdError) throw found
  return found
}

/**
 * Spends a recovery link: removes the factors it names, tells the user by mail, and continues as any sign-in. A factor
 * that it does not name is still due. Throws MAGIC_LINK_EXPIRED.
 */
export async function redeemRecovery(
  deps: Deps,
  actor: Actor,
  {
    token,
    lang,
    replaces,
    device,
  }: { token: string; lang: string; replaces?: Pick<Session, 'id'> | undefined; device?: string | undefined },
): Promise<{ result: SignInResult; attemptToken: string }> {
  await prepareSignIn(deps)
  const now = deps.clock.now()
  const done = await decide(deps, async (trx) => {
    const link = await readGenuine(trx, token)
    const user = link && (await lockUser(trx, link.userId))
    if (!link || !user) return endedLink()
    const refused = endedLink(endOf(link, now))
    const isOver = !isInForce(now, link.createdAt, link.expiresAt)
    // Asked before the link is spent, so that it removes no factor for nothing.
    const why = whyRefused(deps, user)
    if (why || isOver || !(await useRecoveryLink(trx, { id: link.id, now }))) {
      const reason = why ?? (link.usedAt === null && isOver ? 'expired' : 'used')
      const metadata = { method: 'recovery_link', reason, link: link.id }
      await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', outcome: 'failure', user, metadata })
      return refused
    }
    const dropped = await dropFactors(trx, user.id, { which: link.removes as Factor[] })
    await forgetProofs(trx, { userId: user.id, removed: dropped })
    await dropLoneRecoveryCodes(trx, user.id)
    await recordEvent(deps, trx, actor, { type: 'user.recovery_link_used', user, metadata: { link: link.id, dropped } })
    await notify(deps, trx, actor, { user, template: 'recovery_link_used' })
    const email = parseEmailAddress(user.email)
    const asked = { email, deliver: 'cookie', lang, purpose: 'signin', boundTo: null } as const
    const { attempt, token: attemptToken } = await insertAttempt(deps, trx, actor, asked)
    const by = { proof: 'recovery_link', method: 'recovery_link' } as const
    const outcome = await completeSignIn(deps, trx, actor, { attempt, user, ...by, replaces, device })
    return outcome ? { outcome, attemptToken } : refused
  })
  return { result: await presentSignIn(deps, done.outcome), attemptToken: done.attemptToken }
}

/** When a link was used or expired. Undefined if it still works. */
function endOf({ usedAt, createdAt, expiresAt }: RecoveryLink, now: number): number | undefined {
  if (usedAt !== null) return usedAt
  return isInForce(now, createdAt, expiresAt) ? undefined : Math.min(expiresAt, now)
}

/** A genuine link, spent or not. */
async function readGenuine(sql: Sql, text: string): Promise<RecoveryLink | undefined> {
  const token = parseToken('rec', text)
  const link = token && (await findRecoveryLink(sql, token.id))
  return link && equalSecrets(digest(token.secret), link.secretDigest) ? link : undefined
}
