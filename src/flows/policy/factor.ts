import type { Deps } from '../../deps.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { clearFailures, findBrake } from '../../store/failed-attempts.ts'
import { deletePasskeysOf, listPasskeys } from '../../store/passkeys.ts'
import { deleteRecoveryCodes, listUnusedRecoveryCodes } from '../../store/recovery-codes.ts'
import type { Proof } from '../../store/signin-attempts.ts'
import { deleteTotp, findTotpSecret } from '../../store/totp-secrets.ts'
import type { MfaPolicy, User } from '../../store/users.ts'
import { isDisabledBy } from './lockout.ts'

/** What may be asked for after a first proof. */
export type Factor = 'passkey' | 'totp' | 'recovery_code'

/** What a person has enrolled. One that is switched off by failures counts, and is not accepted. */
export interface Enrolled {
  passkeys: number
  hasTotp: boolean
  recoveryCodes: number
}

export async function enrolledFactors(sql: Sql, userId: string): Promise<Enrolled> {
  const passkeys = (await listPasskeys(sql, userId)).length
  const totp = await findTotpSecret(sql, userId)
  const hasTotp = totp !== undefined && totp.secretSealed !== null
  // Codes alone are no second factor: they stand in for one.
  const codes = passkeys > 0 || hasTotp ? await listUnusedRecoveryCodes(sql, userId) : []
  return { passkeys, hasTotp, recoveryCodes: codes.length }
}

export function hasFactor({ passkeys, hasTotp }: Enrolled): boolean {
  return passkeys > 0 || hasTotp
}

/** What this person may prove now, best first. */
export async function acceptedFactors(sql: Sql, userId: string): Promise<Factor[]> {
  const enrolled = await enrolledFactors(sql, userId)
  const isOff = async (kind: string) => isDisabledBy(await findBrake(sql, { kind, subject: userId }))
  const factors: Factor[] = enrolled.passkeys > 0 ? ['passkey'] : []
  if (enrolled.hasTotp && !(await isOff('totp'))) factors.push('totp')
  if (enrolled.recoveryCodes > 0 && !(await isOff('recovery_code'))) factors.push('recovery_code')
  return factors
}

export function policyFor(deps: Pick<Deps, 'config'>, user: Pick<User, 'mfaPolicy'>): MfaPolicy {
  return user.mfaPolicy ?? deps.config.current().mfa.policy
}

/** Authenticator assurance level: a passkey that verified its user is two factors, a mail is one (SECURITY fact 1). */
export function levelOf(proofs: readonly Proof[]): 1 | 2 {
  return proofs.includes('passkey') || new Set(proofs).size > 1 ? 2 : 1
}

/** RFC 8176: each proof by its name, and `mfa` where they are two factors. */
export function amrOf(proofs: readonly Proof[]): string[] {
  return [...proofs, ...(levelOf(proofs) === 2 ? ['mfa'] : [])]
}

/** What stands between these proofs and a session: the one place where the factor policy is decided. */
export function whatIsDue(
  proofs: readonly Proof[],
  enrolled: Enrolled,
  policy: MfaPolicy,
): 'nothing' | 'factor' | 'enrolment' {
  if (levelOf(proofs) === 2) return 'nothing'
  if (!hasFactor(enrolled)) return policy === 'required' ? 'enrolment' : 'nothing'
  // Where TOTP is accepted first, it is the factor that the person has.
  return policy === 'optional' && proofs.includes('otp') ? 'nothing' : 'factor'
}

const FACTORS: readonly Factor[] = ['passkey', 'totp', 'recovery_code']

/** Takes away factors of a person, all or those made since then, with what was counted against them; answers which. */
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
