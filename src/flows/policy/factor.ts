import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { countEnrolled } from '../../store/enrolled-factors.ts'
import { clearFailures, findFailureCount } from '../../store/failed-attempts.ts'
import { deletePasskeysOf } from '../../store/passkeys.ts'
import { deleteRecoveryCodes } from '../../store/recovery-codes.ts'
import type { Proof } from '../../store/signin-attempts.ts'
import { deleteTotp } from '../../store/totp-secrets.ts'
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
  const { passkeys, apps, recoveryCodes } = await countEnrolled(sql, userId)
  const hasTotp = apps > 0
  // Recovery codes alone are not a second factor: they stand in for one.
  return { passkeys, hasTotp, recoveryCodes: passkeys > 0 || hasTotp ? recoveryCodes : 0 }
}

export function hasFactor({ passkeys, hasTotp }: Enrolled): boolean {
  return passkeys > 0 || hasTotp
}

/**
 * Which factor a proof stands for. A recovery code replaces the authenticator app, so the two together are one factor.
 * Both are the second one, also if the app was the first proof, so that one enrolled thing never counts twice.
 */
const FACTOR_OF = {
  email: 'first',
  recovery_link: 'first',
  otp: 'second',
  recovery_code: 'second',
  passkey: 'both',
} as const satisfies Record<Proof, string>

/**
 * Authenticator assurance level: 2 for a passkey with user verification, or for a first and a second factor. Two proofs
 * of the same factor are one (NIST SP 800-63B-4 §2.2, §3.1.3). 0 without a proof: then nobody has shown anything.
 */
export function levelOf(proofs: readonly Proof[]): 0 | 1 | 2 {
  if (proofs.length === 0) return 0
  const factors = new Set<string>(proofs.map((proof) => FACTOR_OF[proof]))
  return factors.has('both') || (factors.has('first') && factors.has('second')) ? 2 : 1
}

/**
 * The factors that a user may prove after these proofs, best first. This is the one rule about which factors are offered:
 * those that complete level 2, unless wrong codes have disabled them.
 */
export async function acceptedFactors(sql: Sql, userId: string, proofs: readonly Proof[]): Promise<Factor[]> {
  const enrolled = await enrolledFactors(sql, userId)
  const isOff = async (kind: string) => isDisabledBy(await findFailureCount(sql, { kind, subject: userId }))
  const factors: Factor[] = enrolled.passkeys > 0 ? ['passkey'] : []
  if (enrolled.hasTotp && completes(proofs, 'otp') && !(await isOff('totp'))) factors.push('totp')
  if (enrolled.recoveryCodes > 0 && completes(proofs, 'recovery_code') && !(await isOff('recovery_code'))) {
    factors.push('recovery_code')
  }
  return factors
}

/** Says whether a code makes level 2 together with these proofs. If not, it is refused before it is spent. */
export function completes(proofs: readonly Proof[], proof: 'email' | 'otp' | 'recovery_code'): boolean {
  return levelOf([...proofs, proof]) === 2
}

export type StepUpMethod = Factor | 'email'

/**
 * The ways in which a session of a user with a factor may be stepped up, best first. A mail counts only for a session
 * that has proven a second factor and no first one: recovery must not be weaker than what is enrolled.
 */
export async function waysToStepUp(sql: Sql, userId: string, proofs: readonly Proof[]): Promise<StepUpMethod[]> {
  const isMailMissing = levelOf(proofs) === 1 && completes(proofs, 'email')
  return [...(await acceptedFactors(sql, userId, proofs)), ...(isMailMissing ? (['email'] as const) : [])]
}

/** The user's own factor policy, or that of the deployment. */
export function policyFor(deps: Pick<Deps, 'config'>, user: Pick<User, 'mfaPolicy'>): MfaPolicy {
  return user.mfaPolicy ?? deps.config.current().mfa.policy
}

/** The proofs in a session's `amr`. */
export function proofsIn(amr: readonly string[]): Proof[] {
  return amr.filter((name): name is Proof => name !== 'mfa')
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
  // With totp.allow_first_factor, the first proof may be a TOTP code. The user has then shown a factor already.
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

/** Those of these factors that a user has not enrolled. */
export async function factorsNotEnrolled(sql: Sql, userId: string, factors: readonly Factor[]): Promise<Factor[]> {
  const { passkeys, apps, recoveryCodes } = await countEnrolled(sql, userId)
  const counts = { passkey: passkeys, totp: apps, recovery_code: recoveryCodes }
  return factors.filter((factor) => counts[factor] === 0)
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
