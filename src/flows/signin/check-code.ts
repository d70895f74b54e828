import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isFromFuture } from '../../platform/clock.ts'
import { findLongCode, findShortCode } from '../../platform/codes.ts'
import { OutdatedRead, type Trx } from '../../store/db.ts'
import { giveBackFailure, takeFailure } from '../../store/failed-attempts.ts'
import { type SigninAttempt, takeCodeTry, useSigninAttempt } from '../../store/signin-attempts.ts'
import { findUserByEmail, lockUserByEmail, type User } from '../../store/users.ts'
import { namedByMail } from '../outbox/mail-owner.ts'
import { codeBudget } from '../policy/code-budget.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { recordSpentProof } from './spent-proof.ts'

/** How often a code may be typed in one attempt. After that its code is worth nothing, and its link still works. */
const CODE_TRIES = 5

interface TypedCode {
  attempt: SigninAttempt
  code: string
  device: string | undefined
}

/** The user of a proven address, locked. Undefined if the address is new. */
interface Proven {
  user: User | undefined
}

/** Checks a code like checkCode, and spends it, so that it works once. */
export async function spendCode(deps: Deps, trx: Trx, actor: Actor, typed: TypedCode): Promise<Proven | AuthdError> {
  const proven = await checkCode(deps, trx, actor, typed)
  if (proven instanceof AuthdError) return proven
  const isSpent = await useSigninAttempt(trx, { id: typed.attempt.id, now: deps.clock.now() })
  return isSpent ? proven : new AuthdError('INVALID_CREDENTIALS')
}

/** Says whether a code of the attempt can still be right. Another mail of it has another code, and no more tries. */
export function hasTriesLeft({ codeTries }: Pick<SigninAttempt, 'codeTries'>): boolean {
  return codeTries < CODE_TRIES
}

/**
 * Checks the code of an attempt's mail. Tries are counted before the comparison: CODE_TRIES per attempt, and a daily
 * budget of wrong ones. For what cannot be a code, VALIDATION_ERROR, and no try is counted. Otherwise INVALID_CREDENTIALS, which
 * says only whether the attempt has tries left.
 */
export async function checkCode(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { attempt, code: typed, device }: TypedCode,
): Promise<Proven | AuthdError> {
  const now = deps.clock.now()
  const { email } = attempt
  if (email === null || isFromFuture(now, attempt.createdAt)) return new AuthdError('INVALID_CREDENTIALS')
  const code = attempt.codeKind === 'long' ? findLongCode(typed) : findShortCode(typed)
  if (code === undefined) return incompleteCode()
  // Rows are locked in this order: user, budget, attempt.
  const user = await lockUserByEmail(trx, email)
  const budget = attempt.codeKind === 'short' ? await codeBudget(trx, { email, device, now }) : undefined
  const [hasBudget, latest, codeMac] = await Promise.all([
    budget === undefined || takeFailure(trx, budget, now),
    findUserByEmail(trx, email),
    // Read again here: a parallel request may have sent another mail before this unit locked the attempt.
    takeCodeTry(trx, { id: attempt.id, limit: CODE_TRIES, now }),
  ])
  const isCapped = !hasBudget
  // A parallel request, which this one waited for, may have made the user of a new address. That row comes first, too.
  if (latest && !user) throw new OutdatedRead()
  if (codeMac === undefined) {
    if (budget && !isCapped) await giveBackFailure(trx, budget)
    const { usedAt, codeMac: usedMac } = attempt
    if (usedAt !== null && usedMac !== null && isCode(deps, attempt.id, code, usedMac))
      await recordSpentProof(deps, trx, actor, { attempt, method: 'email_code' })
    return wrongCodeOf(attempt)
  }
  if (isCapped || !isCode(deps, attempt.id, code, codeMac)) {
    const named = await namedByMail(trx, { email, attempt, user })
    const metadata = { ...named.metadata, method: 'email_code', reason: isCapped ? 'capped' : 'invalid_code' }
    const failure = { outcome: 'failure', user: named.user, metadata } as const
    await recordEvent(deps, trx, actor, { type: 'user.authentication_failed', ...failure })
    return wrongCodeOf({ codeTries: attempt.codeTries + 1 })
  }
  if (budget) await giveBackFailure(trx, budget)
  return { user }
}

/** For what cannot be a code, and so was not tried. */
export function incompleteCode(): AuthdError {
  const message = 'Type the whole code.'
  const details = { errors: [{ pointer: '/code', code: 'CODE_INCOMPLETE', message }] }
  return new AuthdError('VALIDATION_ERROR', { message: `code: ${message}`, details })
}

function wrongCodeOf(attempt: Pick<SigninAttempt, 'codeTries'>): AuthdError {
  return new AuthdError('INVALID_CREDENTIALS', hasTriesLeft(attempt) ? {} : { details: { tries_left: 0 } })
}

/** Codes are short, so they are stored as an HMAC with the server secret, bound to the attempt. */
export function macCode({ keys }: Pick<Deps, 'keys'>, attemptId: string, code: string): string {
  return keys.mac(PURPOSE, macText(attemptId, code))
}

function isCode({ keys }: Pick<Deps, 'keys'>, attemptId: string, code: string, mac: string): boolean {
  return keys.isMac(PURPOSE, macText(attemptId, code), mac)
}

const PURPOSE = 'signin-code'

function macText(attemptId: string, code: string): string {
  return `${attemptId} ${code}`
}
