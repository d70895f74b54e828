import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { CLOCK_SKEW_MS, DAY, isFromFuture } from '../../platform/clock.ts'
import { type EmailAddress, maskEmail } from '../../platform/email-address.ts'
import { digest, equalSecrets, mintSecret, parseToken } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import {
  type EmailChange,
  findEmailChange,
  findLastEmailChange,
  insertEmailChange,
  keepOldestWayBack,
  restoreEmailChange,
} from '../../store/email-changes.ts'
import { cancelProofMailTo } from '../../store/outbox.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { endSigninAttempts, findBoundAttempt, useSigninAttempt } from '../../store/signin-attempts.ts'
import { findUser, lockUser, type User, updateUserEmail } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { dropLoneRecoveryCodes } from '../factors/recovery-code.ts'
import { countMailToStranger } from '../limits/mail-limit.ts'
import { notify } from '../outbox/notice.ts'
import { dropFactors } from '../policy/factor.ts'
import { mayMoveTo } from '../policy/signup.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { holdFresh } from '../sessions/freshness.ts'
import { type Renewed, renew } from '../sessions/new-secret.ts'
import { forgetMailProofs } from '../sessions/proofs.ts'
import { sendBoundMail } from '../signin/bound-mail.ts'
import { checkCode, spendCode } from '../signin/check-code.ts'
import { dropUnproven } from '../signin/first-verified-address.ts'
import { isOpen } from '../signin/held-attempt.ts'
import { endAllOf } from './end-all.ts'

/** How long the former address can be restored. */
const RESTORABLE_MS = 7 * DAY

/** Said only to somebody who has proven the address with its code. */
const TAKEN =
  'Another account uses this address now. Sign in there, change its address or delete it, and open this link again.'

interface Restorable {
  user: User
  change: EmailChange
}

interface Asking {
  lang: string
  device: string | undefined
}

/**
 * Mails a code to a new address. The answer is the same if another user has the address, but then nothing is sent.
 * Returns when another mail can be requested. Throws STEP_UP_REQUIRED, CONFLICT for the user's own address,
 * FORBIDDEN for one that the sign-up policy excludes, RATE_LIMITED.
 */
export async function beginEmailChange(
  deps: Deps,
  actor: Actor,
  { session, address, ...asking }: Asking & { session: OwnedSession; address: EmailAddress },
): Promise<number> {
  return await sendBoundMail(deps, actor, {
    purpose: 'email_change',
    boundTo: session.id,
    ...asking,
    addressIn: async (trx) => {
      const held = await holdFresh(deps, trx, session)
      if (held instanceof AuthdError) return held
      const { user } = held
      if (user.email === address.canonical) {
        return new AuthdError('CONFLICT', { message: 'This is already your address.' })
      }
      if (!mayMoveTo(deps, address.canonical)) return notAdmitted()
      // The address may belong to somebody who has nothing to do with authd.
      return (await countMailToStranger(deps, trx, actor, user)) ?? { ...address, userId: user.id }
    },
  })
}

/** The address that a session's code was sent to, while the code can be used. */
export async function findWaitingChange(deps: Deps, session: OwnedSession): Promise<string | undefined> {
  const now = deps.clock.now()
  const bound = { purpose: 'email_change', boundTo: session.id, now } as const
  const attempt = await deps.db.read((sql) => findBoundAttempt(sql, bound))
  const isWaiting = attempt && isOpen(attempt, now) && attempt.usedAt === null
  return isWaiting ? (attempt.emailTyped ?? undefined) : undefined
}

/**
 * Changes the address with the code that was sent there. The former address is told, and can be restored for 7 days.
 * Throws INVALID_CREDENTIALS, STEP_UP_REQUIRED, FORBIDDEN.
 */
export async function finishEmailChange(
  deps: Deps,
  actor: Actor,
  { session, code, device }: { session: OwnedSession; code: string; device: string | undefined },
): Promise<Renewed> {
  const now = deps.clock.now()
  return await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    const wrong = new AuthdError('INVALID_CREDENTIALS')
    const attempt = await findBoundAttempt(trx, { purpose: 'email_change', boundTo: session.id, now })
    if (attempt?.email && !mayMoveTo(deps, attempt.email)) return notAdmitted()
    if (!attempt?.email) return wrong
    const spent = await spendCode(deps, trx, actor, { attempt, code, device })
    if (spent instanceof AuthdError) return spent
    const address = { canonical: attempt.email, typed: attempt.emailTyped ?? attempt.email }
    const proven = { user, address, isVerified: true, byOperator: false, keptSessionId: session.id }
    if (!(await changeEmailIn(deps, trx, actor, proven))) return wrong
    return await renew(deps, trx, { session: held.session })
  })
}

/**
 * Runs inside the unit that locks the user, and also ends the attempts and mails of the former address. `isVerified`:
 * the address was proven, or an operator vouches for it. `byOperator`: the former address also loses its proofs. It is
 * told, but gets no link, because nobody knows whose it is: an operator changes an address that a thief has set, or whose
 * mailbox was broken into. Of earlier ways back, only the oldest stays. Returns false if another user has the address.
 */
export async function changeEmailIn(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  {
    user,
    address,
    isVerified,
    byOperator,
    keptSessionId,
  }: {
    user: User
    address: EmailAddress
    isVerified: boolean
    byOperator: boolean
    keptSessionId?: string | undefined
  },
): Promise<boolean> {
  const now = deps.clock.now()
  const { canonical: email, typed: emailTyped } = address
  const moved = { id: user.id, email, emailTyped, emailVerifiedAt: isVerified ? now : null }
  if (!(await updateUserEmail(trx, moved))) return false
  const dropped = isVerified ? await dropUnproven(deps, trx, actor, { user, keptSessionId }) : []
  // Attempts and mails for the former address end, because it may belong to somebody else now.
  await endSigninAttempts(trx, user.email)
  if (byOperator) await forgetMailProofs(trx, user.id)
  await cancelProofMailTo(trx, { recipient: user.email, now })
  const masks = { old_email_masked: maskEmail(user.email), new_email_masked: maskEmail(email) }
  await recordEvent(deps, trx, actor, {
    type: 'user.email_changed',
    user: { id: user.id, email },
    metadata: { ...masks, ...(dropped.length > 0 && { dropped }) },
  })
  // The former address is the reader's own. Masked, both could look the same.
  const shown = { old_email: user.emailTyped, new_email_masked: masks.new_email_masked }
  if (byOperator) await keepOldestWayBack(trx, { userId: user.id, now })
  // Nobody has ever shown that an unproven address is the user's: it may be a stranger's, by a typo.
  if (user.emailVerifiedAt === null) return true
  const link = await keepFormer(deps, trx, { user, newEmail: email, hasWayBack: !byOperator })
  if (byOperator) {
    await notify(deps, trx, actor, { user, template: 'email_changed_by_operator', values: shown })
    return true
  }
  await notify(deps, trx, actor, {
    user,
    template: 'email_changed',
    link,
    values: { ...shown, expires_days: String(RESTORABLE_MS / DAY) },
  })
  return true
}

function notAdmitted(): AuthdError {
  return new AuthdError('FORBIDDEN', { message: 'Addresses of this domain are not allowed here.' })
}

/** Keeps the address which the user has had. Returns the link that restores it, which works if there is a way back. */
async function keepFormer(
  deps: Deps,
  trx: Trx,
  { user, newEmail, hasWayBack }: { user: User; newEmail: string; hasWayBack: boolean },
): Promise<string> {
  // Changes of one user follow each other, whichever instance dates them.
  const changedAt = Math.max(deps.clock.now(), (await findLastEmailChange(trx, user.id)) + 1)
  const id = deps.random.id('emc')
  const secret = mintSecret(deps.random)
  await insertEmailChange(trx, {
    id,
    userId: user.id,
    oldEmail: user.email,
    oldEmailTyped: user.emailTyped,
    newEmail,
    restoreDigest: digest(secret),
    changedAt,
    restorableUntil: changedAt + RESTORABLE_MS,
    restoredAt: hasWayBack ? null : changedAt,
  })
  return `${deps.config.current().publicUrl}/restore-email?token=${id}.${secret}`
}

/** The address change that a link can restore. Throws MAGIC_LINK_EXPIRED, also while the user is disabled. */
export async function findRestorable(deps: Deps, token: string): Promise<EmailChange> {
  const found = await deps.db.read(async (sql) => {
    const change = await readRestorable(deps, sql, token)
    return change && { change, user: await findUser(sql, change.userId) }
  })
  if (!found?.user || found.user.disabledAt !== null) throw new AuthdError('MAGIC_LINK_EXPIRED')
  return found.change
}

/**
 * Mails a code to the former address, because the link alone is not enough: mails are forwarded. Throws
 * MAGIC_LINK_EXPIRED, RATE_LIMITED.
 */
export async function sendRestoreMail(
  deps: Deps,
  actor: Actor,
  { token, ...asking }: Asking & { token: string },
): Promise<number> {
  const change = await findRestorable(deps, token)
  return await sendBoundMail(deps, actor, {
    purpose: 'email_restore',
    boundTo: change.id,
    ...asking,
    addressIn: async (trx) => {
      const { change, user } = (await holdRestorable(deps, trx, token)) ?? {}
      if (!change || !user) return new AuthdError('MAGIC_LINK_EXPIRED')
      return { canonical: change.oldEmail, typed: change.oldEmailTyped, userId: user.id }
    },
  })
}

/**
 * Restores the former address. Every session and every factor made since then ends, because they may be an attacker's.
 * Throws INVALID_CREDENTIALS, or CONFLICT with nothing spent if another user has the address by now.
 */
export async function restoreEmail(
  deps: Deps,
  actor: Actor,
  { token, code, device }: { token: string; code: string; device: string | undefined },
): Promise<void> {
  const now = deps.clock.now()
  await decide(deps, async (trx) => {
    const wrong = new AuthdError('INVALID_CREDENTIALS')
    const held = await holdRestorable(deps, trx, token)
    if (!held) return wrong
    const { user, change } = held
    const attempt = await findBoundAttempt(trx, { purpose: 'email_restore', boundTo: change.id, now })
    if (!attempt) return wrong
    const checked = await checkCode(deps, trx, actor, { attempt, code, device })
    if (checked instanceof AuthdError) return checked
    const old = { email: change.oldEmail, emailTyped: change.oldEmailTyped, emailVerifiedAt: now }
    if (!(await updateUserEmail(trx, { id: user.id, ...old }))) return new AuthdError('CONFLICT', { message: TAKEN })
    await useSigninAttempt(trx, { id: attempt.id, now })
    await restoreEmailChange(trx, { id: change.id, userId: user.id, now })
    await endAllOf(deps, trx, actor, user, 'email_restored')
    // Factors enrolled since the change may be an attacker's. Older factors stay, and are due at the next sign-in, unless
    // this is the user's first verified address.
    const dropped = [
      ...(await dropUnproven(deps, trx, actor, { user })),
      ...(await dropFactors(trx, user.id, { since: sinceChange(change, now) })),
    ]
    await dropLoneRecoveryCodes(trx, user.id)
    const shown = { old_email: user.emailTyped, new_email_masked: maskEmail(change.oldEmail) }
    await notify(deps, trx, actor, { user, template: 'email_restored', values: shown })
    const restored = { id: user.id, email: change.oldEmail }
    await recordEvent(deps, trx, actor, { type: 'user.email_restored', user: restored, metadata: { dropped } })
    return undefined
  })
}

/** The change that a link can restore, with its user, locked. */
async function holdRestorable(deps: Deps, trx: Trx, token: string): Promise<Restorable | undefined> {
  const named = await readRestorable(deps, trx, token)
  const user = named && (await lockUser(trx, named.userId))
  if (!user || user.disabledAt !== null) return undefined
  // Read again: a parallel request may have used the link before this unit locked the user.
  const change = await readRestorable(deps, trx, token)
  return change && { user, change }
}

async function readRestorable(deps: Pick<Deps, 'clock'>, sql: Sql, text: string): Promise<EmailChange | undefined> {
  const token = parseToken('emc', text)
  const change = token && (await findEmailChange(sql, token.id))
  if (!change || !equalSecrets(digest(token.secret), change.restoreDigest)) return undefined
  // A change that a wrong clock dated in the future can also be undone, because its owner cannot restore the address otherwise.
  return change.restoredAt === null && change.restorableUntil > deps.clock.now() ? change : undefined
}

/**
 * Since when a factor counts as enrolled after a change. Another instance may have enrolled it with a clock that is behind.
 * A change from the future was really made at most 7 days ago, or its link would be over.
 */
function sinceChange({ changedAt }: EmailChange, now: number): number {
  return (isFromFuture(now, changedAt) ? now - RESTORABLE_MS : changedAt) - CLOCK_SKEW_MS
}
