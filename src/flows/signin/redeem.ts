import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isFromFuture } from '../../platform/clock.ts'
import { digest, equalSecrets, parseToken } from '../../platform/secret.ts'
import type { Sql, Trx } from '../../store/db.ts'
import type { Session } from '../../store/sessions.ts'
import { findSigninAttempt, markPreviewed, type SigninAttempt, useSigninAttempt } from '../../store/signin-attempts.ts'
import { lockUserByEmail } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { type Actor, countAttempt, recordEvent } from '../record-event.ts'
import { spendCode } from './check-code.ts'
import { completeSignIn, prepareSignIn, presentSignIn, type SignInOutcome, type SignInResult } from './complete.ts'
import { findHeld, type Holding, isOpen } from './held-attempt.ts'
import { recordSpentProof } from './spent-proof.ts'

/** The attempt tokens and the rest that a request brings with a proof. */
export interface Redemption {
  holding: Holding
  /** The browser's live session, which this sign-in replaces. */
  replaces?: Pick<Session, 'id'> | undefined
  device?: string | undefined
}

/**
 * Signs in with the link of a mail and the token of its attempt. Any other browser gets `continue_elsewhere` and the
 * link stays valid, because mail scanners run scripts and press buttons. Throws MAGIC_LINK_EXPIRED, MAGIC_LINK_USED.
 */
export async function redeemLink(
  deps: Deps,
  actor: Actor,
  { token, holding, replaces, device }: Redemption & { token: string },
): Promise<SignInResult> {
  const now = deps.clock.now()
  await prepareSignIn(deps)
  const outcome = await decide<SignInOutcome | 'elsewhere'>(deps, async (trx) => {
    const refuse = (reason: 'expired' | 'used') => {
      trx.afterCommit(() => countAttempt(deps.metrics, 'magic_link', reason))
      return new AuthdError(reason === 'used' ? 'MAGIC_LINK_USED' : 'MAGIC_LINK_EXPIRED')
    }
    const link = await readLink(trx, token, holding)
    if (!link) return refuse('expired')
    const { attempt, isHeld } = link
    if (!isHeld) {
      if (!isUsable(attempt, now)) {
        await recordSpentProof(deps, trx, actor, { attempt, method: 'magic_link' })
        return refuse('expired')
      }
      await notePreview(deps, trx, actor, attempt)
      return 'elsewhere'
    }
    if (isFromFuture(now, attempt.createdAt)) return refuse('expired')
    // The user is locked first, so that no session begins while the user is being disabled.
    const user = attempt.email === null ? undefined : await lockUserByEmail(trx, attempt.email)
    if (!(await useSigninAttempt(trx, { id: attempt.id, now }))) {
      const current = await findSigninAttempt(trx, attempt.id)
      if (current?.usedAt == null) return refuse('expired')
      const isRecorded = await recordSpentProof(deps, trx, actor, { attempt: current, method: 'magic_link' })
      return isRecorded ? new AuthdError('MAGIC_LINK_USED') : refuse('used')
    }
    const proven = { attempt, user, proof: 'email', method: 'magic_link', replaces, device } as const
    return (await completeSignIn(deps, trx, actor, proven)) ?? new AuthdError('MAGIC_LINK_EXPIRED')
  })
  return outcome === 'elsewhere' ? { status: 'continue_elsewhere' } : await presentSignIn(deps, outcome)
}

/**
 * Signs in with the code of a mail. Throws INVALID_CREDENTIALS, without saying whether the code is wrong or expired, and
 * VALIDATION_ERROR for what cannot be a code.
 */
export async function redeemCode(
  deps: Deps,
  actor: Actor,
  { code, holding, replaces, device }: Redemption & { code: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const wrong = new AuthdError('INVALID_CREDENTIALS')
    const attempt = (await findHeld(trx, holding))?.attempt
    const spent = attempt && (await spendCode(deps, trx, actor, { attempt, code, device }))
    if (!spent) return wrong
    if (spent instanceof AuthdError) return spent
    const proven = { attempt, user: spent.user, proof: 'email', method: 'email_code', replaces, device } as const
    return (await completeSignIn(deps, trx, actor, proven)) ?? wrong
  })
  return await presentSignIn(deps, outcome)
}

export type LinkPreview =
  | { kind: 'own'; attempt: SigninAttempt & { email: string } }
  | { kind: 'elsewhere'; attempt: SigninAttempt & { email: string } }
  | { kind: 'used' }
  | { kind: 'expired' }

/** What the page of a link may show. It spends nothing. The first visit from another browser is recorded. */
export async function previewLink(
  deps: Deps,
  actor: Actor,
  { token, holding }: { token: string; holding: Holding },
): Promise<LinkPreview> {
  const now = deps.clock.now()
  const link = await deps.db.read((sql) => readLink(sql, token, holding))
  if (!link) return { kind: 'expired' }
  const { attempt, isHeld } = link
  const { email } = attempt
  if (!isUsable(attempt, now) || email === null)
    return isHeld && attempt.usedAt !== null ? { kind: 'used' } : { kind: 'expired' }
  if (isHeld) return { kind: 'own', attempt: { ...attempt, email } }
  if (attempt.previewedAt === null) await deps.db.write((trx) => notePreview(deps, trx, actor, attempt))
  return { kind: 'elsewhere', attempt: { ...attempt, email } }
}

async function readLink(
  sql: Sql,
  text: string,
  holding: Holding,
): Promise<{ attempt: SigninAttempt; isHeld: boolean } | undefined> {
  const link = parseToken('att', text)
  const attempt = link && (await findSigninAttempt(sql, link.id))
  if (!attempt?.linkDigest || !equalSecrets(digest(link?.secret ?? ''), attempt.linkDigest)) return undefined
  const held = await findHeld(sql, { ...holding, attemptId: attempt.id })
  return { attempt, isHeld: held?.attempt.id === attempt.id }
}

function isUsable(attempt: SigninAttempt, now: number): boolean {
  return isOpen(attempt, now) && attempt.usedAt === null
}

async function notePreview(deps: Deps, trx: Trx, actor: Actor, attempt: SigninAttempt): Promise<void> {
  if (!(await markPreviewed(trx, { id: attempt.id, now: deps.clock.now() }))) return
  await recordEvent(deps, trx, actor, { type: 'magic_link.previewed', user: { email: attempt.email } })
}
