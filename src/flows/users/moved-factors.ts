import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { toSeconds } from '../../platform/clock.ts'
import type { Trx } from '../../store/db.ts'
import { countEnrolled } from '../../store/enrolled-factors.ts'
import {
  findPasskeyByCredential,
  insertPasskey,
  listPasskeys,
  type Passkey,
  recordPasskeyUse,
} from '../../store/passkeys.ts'
import { type RecoveryCode, replaceRecoveryCodes } from '../../store/recovery-codes.ts'
import { putMovedTotp } from '../../store/totp-secrets.ts'
import { findUserByHandle, takeWebauthnUserId, type User } from '../../store/users.ts'
import { PASSKEYS_MAX } from '../factors/passkey-enrolment.ts'
import { STEP_S, totpContext } from '../factors/totp.ts'
import { relyingParty } from '../factors/webauthn.ts'
import { notify } from '../outbox/notice.ts'
import { type Actor, recordEvent } from '../record-event.ts'

export interface MovedTotp {
  /** Base32, of 16 to 64 bytes. */
  secret: string
  confirmedAt: number
}

export interface MovedPasskey extends Omit<Passkey, 'id' | 'userId'> {
  /** A passkey works for this domain alone (WebAuthn L3 §5.1.3). */
  rpId: string
}

/** Salt and hash, as authd keeps them. */
export type MovedCode = Pick<RecoveryCode, 'salt' | 'codeHash' | 'createdAt'>

/** The factors of a user in an export. */
export interface MovedFactors {
  totp?: MovedTotp | undefined
  /** The user handle that the authenticators hold with the passkeys. */
  webauthnUserId?: string | null | undefined
  passkeys?: MovedPasskey[] | undefined
  recoveryCodes?: MovedCode[] | undefined
}

interface Adding {
  user: User
  factors: MovedFactors
  /** Whether the user gets a mail about each. */
  isTold: boolean
}

/**
 * Adds the factors that the user does not have, in the unit that locks them. What is in use is never replaced. Returns
 * whether any was added. Throws CONFLICT for a passkey that cannot work here.
 */
export async function addFactors(deps: Deps, trx: Trx, actor: Actor, adding: Adding): Promise<boolean> {
  const { user, factors } = adding
  if (!factors.totp && !factors.passkeys?.length && !factors.recoveryCodes?.length) return false
  const had = await countEnrolled(trx, user.id)
  const hasApp = had.apps === 0 && (await addApp(deps, trx, actor, adding))
  const passkeys = await addPasskeys(deps, trx, actor, adding)
  const codes = factors.recoveryCodes ?? []
  const hasFactor = had.apps > 0 || had.passkeys > 0 || hasApp || passkeys > 0
  const hasCodes = had.recoveryCodes === 0 && codes.length > 0 && hasFactor
  if (hasCodes) {
    const rows = codes.map((code) => ({ ...code, id: deps.random.id('rc') }))
    await replaceRecoveryCodes(trx, user.id, rows)
    await recordEvent(deps, trx, actor, { type: 'recovery_codes.made', user })
  }
  return hasApp || passkeys > 0 || hasCodes
}

async function addApp(deps: Deps, trx: Trx, actor: Actor, { user, factors, isTold }: Adding): Promise<boolean> {
  const { totp } = factors
  if (!totp) return false
  const secretSealed = deps.keys.seal(totpContext(user.id), totp.secret)
  const step = Math.floor(toSeconds(deps.clock.now()) / STEP_S)
  // The codes of this minute may have been used where the user comes from (RFC 6238 §5.2).
  const spentSteps = [step - 1, step, step + 1]
  await putMovedTotp(trx, { userId: user.id, secretSealed, confirmedAt: totp.confirmedAt, spentSteps })
  await recordEvent(deps, trx, actor, { type: 'totp.enrolled', user })
  if (isTold) await notify(deps, trx, actor, { user, template: 'totp_enabled' })
  return true
}

/** Returns how many were added: those that the user does not have yet. */
async function addPasskeys(deps: Deps, trx: Trx, actor: Actor, { user, factors, isTold }: Adding): Promise<number> {
  const { passkeys = [], webauthnUserId } = factors
  if (passkeys.length === 0) return 0
  const { rpId: ownRpId } = relyingParty(deps.config.current())
  // Without the handle, the passkeys could not tell who signs in.
  if (!webauthnUserId) throw new AuthdError('CONFLICT', { message: 'The passkeys come without webauthn_user_id.' })
  await refuseOthersHandle(trx, user.id, webauthnUserId)
  if ((await takeWebauthnUserId(trx, { id: user.id, fresh: webauthnUserId })) !== webauthnUserId) {
    throw new AuthdError('CONFLICT', { message: `${user.email} has another webauthn_user_id here.` })
  }
  const had = await listPasskeys(trx, user.id)
  let added = 0
  for (const { rpId, lastUsedAt, ...passkey } of passkeys) {
    if (rpId !== ownRpId) {
      throw new AuthdError('CONFLICT', {
        message: `A passkey belongs to ${rpId}, and works only there. This authd has webauthn.rp_id ${ownRpId}.`,
      })
    }
    const known = await findPasskeyByCredential(trx, passkey.credentialId)
    if (known?.userId === user.id) continue
    if (had.length + added >= PASSKEYS_MAX) {
      throw new AuthdError('CONFLICT', { message: `A user can have ${PASSKEYS_MAX} passkeys.` })
    }
    const id = deps.random.id('pk')
    if (known || !(await insertPasskey(trx, { ...passkey, id, userId: user.id }))) {
      throw new AuthdError('CONFLICT', { message: 'A passkey belongs to another user already.' })
    }
    if (lastUsedAt !== null) await recordPasskeyUse(trx, { ...passkey, id, now: lastUsedAt })
    const metadata = { passkey: id, synced: passkey.isBackupEligible, name: passkey.name }
    await recordEvent(deps, trx, actor, { type: 'webauthn.registered', user, metadata })
    if (isTold) await notify(deps, trx, actor, { user, template: 'passkey_added', values: { name: passkey.name } })
    added += 1
  }
  return added
}

/**
 * Throws CONFLICT if another user has this user handle. An authenticator keeps one passkey of a handle, so one user's
 * would replace the other's.
 */
export async function refuseOthersHandle(trx: Trx, userId: string, webauthnUserId: string): Promise<void> {
  const other = await findUserByHandle(trx, webauthnUserId)
  if (!other || other.id === userId) return
  throw new AuthdError('CONFLICT', { message: `${other.email} has this webauthn_user_id already.` })
}
