import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { equalSecrets, mintLongCode, mintSecret, normalizeCode } from '../../platform/secret.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures } from '../../store/failed-attempts.ts'
import {
  deleteRecoveryCodes,
  listUnusedRecoveryCodes,
  replaceRecoveryCodes,
  useRecoveryCode,
} from '../../store/recovery-codes.ts'
import type { OwnedSession } from '../../store/sessions.ts'
import { lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../event.ts'
import { notify } from '../outbox/notice.ts'
import { completes, enrolledFactors, hasFactor } from '../policy/factor.ts'
import { tryFactor } from '../policy/lockout.ts'
import { holdFresh } from '../sessions/fresh.ts'
import { type Renewed, renew } from '../sessions/renewal.ts'
import { findHeld, isOpen } from '../signin/attempt.ts'
import {
  completeSignIn,
  prepareSignIn,
  presentSignIn,
  type SignInOutcome,
  type SignInResult,
} from '../signin/complete.ts'
import type { Redemption } from '../signin/link.ts'

const CODES = 10

/** Signs in with a recovery code, after a first proof. Throws INVALID_CREDENTIALS, RATE_LIMITED, FACTOR_DISABLED. */
export async function redeemRecoveryCode(
  deps: Deps,
  actor: Actor,
  { code, holding, replaces, device }: Redemption & { code: string },
): Promise<SignInResult> {
  await prepareSignIn(deps)
  const now = deps.clock.now()
  const userId = (await deps.db.read((sql) => findHeld(sql, holding)))?.attempt.userId
  const guess = userId ? await hashGuess(deps, userId, code) : undefined
  const outcome = await decide<SignInOutcome>(deps, async (trx) => {
    const wrong = new AuthdError('INVALID_CREDENTIALS')
    const attempt = (await findHeld(trx, holding))?.attempt
    if (!guess || !attempt || attempt.userId === null || !isOpen(attempt, now)) return wrong
    if (!completes(attempt.proofs, 'recovery_code')) return wrong
    const user = await lockUser(trx, attempt.userId)
    if (!user) return wrong
    const refusal = await checkRecoveryCode(deps, trx, actor, { user, guess })
    if (refusal) return refusal
    const method = 'recovery_code'
    return (await completeSignIn(deps, trx, actor, { attempt, user, proof: method, method, replaces, device })) ?? wrong
  })
  return await presentSignIn(deps, outcome)
}

/** The hash of a typed code with the user's salt. It is slow, so it never runs inside a unit. */
export async function hashGuess(deps: Pick<Deps, 'db' | 'slowHash'>, userId: string, code: string): Promise<string> {
  const [any] = await deps.db.read((sql) => listUnusedRecoveryCodes(sql, userId))
  return any ? await deps.slowHash(normalizeCode(code), any.salt) : ''
}

/** Spends the code with this hash, within the limits on wrong codes. The unit locks the user, who is told by mail. */
export async function checkRecoveryCode(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, guess }: { user: User; guess: string },
): Promise<AuthdError | undefined> {
  const unused = await listUnusedRecoveryCodes(trx, user.id)
  const isRight = async () => {
    const found = unused.find(({ codeHash }) => equalSecrets(codeHash, guess))
    return found !== undefined && (await useRecoveryCode(trx, { id: found.id, now: deps.clock.now() }))
  }
  const refusal = await tryFactor(deps, trx, actor, { user, factor: 'recovery_code', isRight })
  if (refusal) return refusal
  const left = unused.length - 1
  await recordEvent(deps, trx, actor, { type: 'recovery_code.used', user, metadata: { left } })
  await notify(deps, trx, actor, { user, template: 'recovery_code_used', values: { codes_left: String(left) } })
  return undefined
}

export interface MintedCodes {
  /** Shown to the user once. */
  texts: string[]
  rows: { id: string; salt: string; codeHash: string; createdAt: number }[]
}

/** Ten codes of 60 bits. It is slow, so it never runs inside a unit. */
export async function mintRecoveryCodes(deps: Pick<Deps, 'random' | 'clock' | 'slowHash'>): Promise<MintedCodes> {
  const salt = mintSecret(deps.random)
  const texts = Array.from({ length: CODES }, () => mintLongCode(deps.random))
  const createdAt = deps.clock.now()
  const rows = await Promise.all(
    texts.map(async (text) => ({
      id: deps.random.id('rc'),
      salt,
      codeHash: await deps.slowHash(normalizeCode(text), salt),
      createdAt,
    })),
  )
  return { texts, rows }
}

/** Stores these codes for a user without unused ones. Returns whether it did. */
export async function ensureRecoveryCodes(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, codes }: { user: User; codes: MintedCodes },
): Promise<boolean> {
  if ((await listUnusedRecoveryCodes(trx, user.id)).length > 0) return false
  await putCodes(deps, trx, actor, { user, codes })
  return true
}

/** Replaces all recovery codes of a user who has another factor. Throws CONFLICT without one, STEP_UP_REQUIRED. */
export async function remakeRecoveryCodes(
  deps: Deps,
  actor: Actor,
  session: OwnedSession,
): Promise<{ renewed: Renewed; codes: string[] }> {
  const codes = await mintRecoveryCodes(deps)
  const renewed = await decide(deps, async (trx) => {
    const held = await holdFresh(deps, trx, session)
    if (held instanceof AuthdError) return held
    const { user } = held
    if (!hasFactor(await enrolledFactors(trx, user.id))) {
      const message = 'Recovery codes stand in for a passkey or an authenticator app. Add one of these first.'
      return new AuthdError('CONFLICT', { message })
    }
    await putCodes(deps, trx, actor, { user, codes })
    return await renew(deps, trx, { session: held.session })
  })
  return { renewed, codes: codes.texts }
}

/** Recovery codes stand in for a factor, so they are deleted with the last one. */
export async function dropLoneRecoveryCodes(trx: Trx, userId: string): Promise<void> {
  if (!hasFactor(await enrolledFactors(trx, userId))) await deleteRecoveryCodes(trx, userId)
}

async function putCodes(
  deps: Deps,
  trx: Trx,
  actor: Actor,
  { user, codes }: { user: User; codes: MintedCodes },
): Promise<void> {
  await replaceRecoveryCodes(trx, user.id, codes.rows)
  await clearFailures(trx, { kind: 'recovery_code', subject: user.id })
  await recordEvent(deps, trx, actor, { type: 'recovery_codes.made', user })
  await notify(deps, trx, actor, { user, template: 'recovery_codes_made' })
}
