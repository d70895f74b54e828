import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { clearFailures, findFailureCount } from '../../store/failed-attempts.ts'
import { deletePasskeysOf, listPasskeys } from '../../store/passkeys.ts'
import { deleteRecoveryCodes, listUnusedRecoveryCodes } from '../../store/recovery-codes.ts'
import type { Proof } from '../../store/signin-attempts.ts'
import { deleteTotp, findTotpSecret } from '../../store/totp-secrets.ts'
import type { MfaPolicy, User } from '../../store/users.ts'
import { isDisabledBy } from './lockout.ts'

/** A factor that can be asked for after a first proof. */
export type Factor = 'passkey' | 'totp' | 'recovery_code'

/** What a user has enrolled. A factor that wrong codes have disabled counts as enrolled, but is not accepted. */
export interface Enrolled {
  passkeys: number
  hasTotp: boolean
  recoveryCodes: number
}

export async function enrolledFactors(sql: Sql, userId: string): Promise<Enrolled> {
  const passkeys = (await listPasskeys(sql, userId)).length
  const totp = await findTotpSecret(sql, userId)
  const hasTotp = totp !== undefined && totp.secretSealed !== null
  // Recovery codes alone are not a second factor: they stand in for one.
  const codes = passkeys > 0 || hasTotp ? await listUnusedRecoveryCodes(sql, userId) : []
  return { passkeys, hasTotp, recoveryCodes: codes.length }
}

export function hasFactor({ passkeys, hasTotp }: Enrolled): boolean {
  return passkeys > 0 || hasTotp
}

/**
 * The factors that a user may prove now, best first. This is the one rule about which factors are offered: not one that
 * wrong codes have disabled, and not TOTP after a TOTP proof.
 */
export async function acceptedFactors(sql: Sql, userId: string, proofs: readonly Proof[] = []): Promise<Factor[]> {
  const enrolled = await enrolledFactors(sql, userId)
  const isOff = async (kind: string) => isDisabledBy(await findFailureCount(sql, { kind, subject: userId }))
  const factors: Factor[] = enrolled.passkeys > 0 ? ['passkey'] : []
  if (enrolled.hasTotp && !proofs.includes('otp') && !(await isOff('totp'))) factors.push('totp')
  if (enrolled.recoveryCodes > 0 && !(await isOff('recovery_code'))) factors.push('recovery_code')
  return factors
}

/** The user's own factor policy, or that of the deployment. */
export function policyFor(deps: Pick<Deps, 'config'>, user: Pick<User, 'mfaPolicy'>): MfaPolicy {
  return user.mfaPolicy ?? deps.config.current().mfa.policy
}

/** Authenticator assurance level: a passkey with user verification is two factors, a mail is one (NIST SP 800-63B-4 §3.1.3). */
export function levelOf(proofs: readonly Proof[]): 1 | 2 {
  return proofs.includes('passkey') || new Set(proofs).size > 1 ? 2 : 1
}

/** Each proof by its name, and `mfa` where they make two factors (RFC 8176 §2). */
export function amrOf(proofs: readonly Proof[]): string[] {
  return [...proofs, ...(levelOf(proofs) === 2 ? ['mfa'] : [])]
}

/** What is missing between these proofs and a session. The factor policy is decided here and nowhere else. */
export function whatIsDue(
  proofs: readonly Proof[],
  enrolled: Enrolled,
  policy: MfaPolicy,
): 'nothing' | 'factor' | 'enrolment' {
  if (levelOf(proofs) === 2) return 'nothing'
  if (!hasFactor(enrolled)) return policy === 'required' ? 'enrolment' : 'nothing'
  // Where TOTP is accepted as the first proof, it is the user's factor already.
  return policy === 'optional' && proofs.includes('otp') ? 'nothing' : 'factor'
}

/** Returns LAST_FACTOR if the user must have a factor and this is the last one. */
export async function lastFactorGuard(
  deps: Pick<Deps, 'config'>,
  trx: Trx,
  user: User,
  factor: 'passkey' | 'totp',
): Promise<AuthdError | undefined> {
  const isLast = isLastFactor(await enrolledFactors(trx, user.id), factor)
  return isLast && policyFor(deps, user) === 'required' ? new AuthdError('LAST_FACTOR') : undefined
}

/** Says whether no factor is left without this one. */
export function isLastFactor(enrolled: Enrolled, factor: 'passkey' | 'totp'): boolean {
  return !hasFactor(
    factor === 'totp' ? { ...enrolled, hasTotp: false } : { ...enrolled, passkeys: enrolled.passkeys - 1 },
  )
}

const FACTORS: readonly Factor[] = ['passkey', 'totp', 'recovery_code']

/** Deletes factors of a user, all or those made since then, with their failure counts; returns which there were. */
export async function dropFactors(
  trx: Trx,
  userId: string,
  { which = FACTORS, since = 0 }: { which?: readonly Factor[]; since?: number } = {},
): Promise<Factor[]> {
  const dropped: Factor[] = []
  if (which.includes('passkey') && (await deletePasskeysOf(trx, userId, since)) > 0) dropped.push('passkey')
  if (which.includes('totp') && (await deleteTotp(trx, userId, since))) dropped.push('totp')
  if (which.includes('recovery_code') && (await deleteRecoveryCodes(trx, userId, since)) > 0)
    dropped.push('recovery_code')
  for (const kind of dropped) await clearFailures(trx, { kind, subject: userId })
  return dropped
}
