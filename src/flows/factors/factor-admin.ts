import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { isId } from '../../platform/random.ts'
import { shell } from '../../platform/shell.ts'
import type { Trx } from '../../store/db.ts'
import { clearFailures } from '../../store/failed-attempts.ts'
import { listPasskeys, type Passkey, renamePasskey } from '../../store/passkeys.ts'
import { deleteRecoveryCodes } from '../../store/recovery-codes.ts'
import { lockUser, type User } from '../../store/users.ts'
import { decide } from '../decide.ts'
import { resolveUser } from '../named-user.ts'
import { notify } from '../outbox/notice.ts'
import { enrolledFactors, isLastFactor } from '../policy/factor.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { forgetProofs } from '../sessions/proofs.ts'
import { removePasskeyIn } from './own-passkeys.ts'
import { removeTotpIn } from './totp.ts'

/** The passkeys of a named user, oldest first. Throws USER_NOT_FOUND. */
export async function listPasskeysOf(deps: Deps, name: string): Promise<{ user: User; passkeys: Passkey[] }> {
  const user = await resolveUser(deps, name)
  return { user, passkeys: await deps.db.read((sql) => listPasskeys(sql, user.id)) }
}

/**
 * Finds a passkey by its id, or by its exact name if only one has it. A text with the form of an id is only an id. Throws
 * PASSKEY_NOT_FOUND, or VALIDATION_ERROR for an ambiguous name.
 */
export async function resolvePasskey(
  deps: Deps,
  { user: name, passkey: text }: { user: string; passkey: string },
): Promise<{ user: User; passkey: Passkey; isLastFactor: boolean }> {
  const { user, passkeys } = await listPasskeysOf(deps, name)
  const named = passkeys.filter(({ id, name }) => (isId(text) ? id : name) === text)
  const [passkey, another] = named
  if (another) {
    throw new AuthdError('VALIDATION_ERROR', {
      message: `${user.email} has several passkeys named "${text}". Give the id.`,
      suggestions: [shell`authd passkeys list ${user.email}`],
    })
  }
  if (!passkey) {
    throw new AuthdError('PASSKEY_NOT_FOUND', {
      message: `${user.email} has no passkey "${text}".`,
      suggestions: [shell`authd passkeys list ${user.email}`],
    })
  }
  const enrolled = await deps.db.read((sql) => enrolledFactors(sql, user.id))
  return { user, passkey, isLastFactor: isLastFactor(enrolled, 'passkey') }
}

/** Renames a passkey. Throws USER_NOT_FOUND for a user deleted meanwhile. */
export async function renamePasskeyOf(
  deps: Deps,
  actor: Actor,
  { user, passkey, name }: { user: User; passkey: Passkey; name: string },
): Promise<Passkey> {
  await holdUser(deps, user, async (trx, held) => {
    await renamePasskey(trx, { id: passkey.id, userId: held.id, name })
    const metadata = { passkey: passkey.id, name }
    await recordEvent(deps, trx, actor, { type: 'webauthn.renamed', user: held, metadata })
  })
  return { ...passkey, name }
}

/** Removes a passkey and tells the user by mail. Returns false if it was removed before. */
export async function removePasskeyOf(
  deps: Deps,
  actor: Actor,
  { user, passkey }: { user: User; passkey: Passkey },
): Promise<boolean> {
  return await holdUser(deps, user, (trx, held) => removePasskeyIn(deps, trx, actor, { user: held, id: passkey.id }))
}

/** Removes the authenticator app and tells the user by mail. Returns false if there was none. */
export async function resetTotp(deps: Deps, actor: Actor, user: User): Promise<boolean> {
  return await holdUser(deps, user, (trx, held) => removeTotpIn(deps, trx, actor, held))
}

/** Deletes the recovery codes, so that the user makes new ones, and tells the user by mail. Returns false if there were none. */
export async function resetRecoveryCodes(deps: Deps, actor: Actor, user: User): Promise<boolean> {
  return await holdUser(deps, user, async (trx, held) => {
    if ((await deleteRecoveryCodes(trx, held.id)) === 0) return false
    await clearFailures(trx, { kind: 'recovery_code', subject: held.id })
    await forgetProofs(trx, { userId: held.id, removed: ['recovery_code'] })
    await recordEvent(deps, trx, actor, { type: 'recovery_codes.removed', user: held })
    await notify(deps, trx, actor, { user: held, template: 'recovery_codes_removed' })
    return true
  })
}

/** Runs a unit that locks the user. Throws USER_NOT_FOUND for a user deleted meanwhile. */
async function holdUser<Result>(
  deps: Deps,
  { id, email }: User,
  work: (trx: Trx, user: User) => Promise<Result>,
): Promise<Result> {
  return await decide(deps, async (trx) => {
    const user = await lockUser(trx, id)
    if (!user) return new AuthdError('USER_NOT_FOUND', { message: `The user ${email} was deleted meanwhile.` })
    return await work(trx, user)
  })
}
