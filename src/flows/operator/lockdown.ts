import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import { deleteSystemConfig, setSystemConfig } from '../../store/system-config.ts'
import { decide } from '../decide.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { makeKey, signAtOnceWith } from '../sessions/key-rotation.ts'
import { recordSignedOut, signOutEverybodyIn } from '../sessions/sign-out-everybody.ts'
import { LOCKDOWN_ENTRY, LOCKDOWN_SETTINGS, type Lockdown, lockLockdown, readLockdown } from './lockdown-entry.ts'
import { dropSetting, putInForce, putSetting, storedValue } from './setting.ts'

export interface LockdownDone {
  endedSessions: number
  /** Undefined where tokens are signed with a secret from the configuration. */
  newKey: string | undefined
}

/** The lockdown in force, if there is one. */
export async function findLockdown(deps: Pick<Deps, 'db'>): Promise<Lockdown | undefined> {
  return await deps.db.read(readLockdown)
}

/**
 * Signs every user out, ends what was mailed or handed out for a sign-in, stops sign-ups and mails, and rotates the
 * signing key. All of it is in force with its first unit, whatever the number of sessions. Throws CONFLICT if a lockdown is on.
 */
export async function beginLockdown(
  deps: Deps,
  actor: Actor,
  { reason, keepSessions }: { reason: string | null; keepSessions: boolean },
): Promise<LockdownDone> {
  const made = await makeKey(deps, deps.config.current().tokens)
  const since = deps.clock.now()
  const begun = await decide(deps, async (trx) => {
    if (await lockLockdown(trx)) return isOn()
    const before: Lockdown['before'] = {}
    for (const [key, value] of Object.entries(LOCKDOWN_SETTINGS)) {
      before[key] = await storedValue(trx, key)
      await putSetting(deps, trx, actor, { key, value })
    }
    const entry: Lockdown = { since, by: actor.id, reason, before }
    await setSystemConfig(trx, { key: LOCKDOWN_ENTRY, value: JSON.stringify(entry), now: since, by: actor.id })
    // What was mailed or handed out before ends: attempts with their codes and links, recovery links, invitations.
    await bumpEpoch(trx, 'signins')
    if (made) await signAtOnceWith(deps, trx, actor, made)
    await recordEvent(deps, trx, actor, { type: 'lockdown.on' })
    return { signedOut: keepSessions ? undefined : await signOutEverybodyIn(deps, trx, actor, 'lockdown') }
  })
  await putInForce(deps)
  const ended = begun.signedOut ? await recordSignedOut(deps, actor, begun.signedOut) : []
  return { endedSessions: ended.length, newKey: made?.kid }
}

function isOn(): AuthdError {
  return new AuthdError('CONFLICT', { message: 'A lockdown is on already.', suggestions: ['authd lockdown status'] })
}

/**
 * Restores the settings from before. Revoked sessions stay revoked, and the new key stays. Throws CONFLICT without a
 * lockdown.
 */
export async function endLockdown(deps: Deps, actor: Actor): Promise<Lockdown> {
  const ended = await decide(deps, async (trx) => {
    const lockdown = await lockLockdown(trx)
    if (!lockdown) return new AuthdError('CONFLICT', { message: 'No lockdown is on.' })
    for (const [key, value] of Object.entries(lockdown.before)) {
      if (value === null) await dropSetting(deps, trx, actor, key)
      else await putSetting(deps, trx, actor, { key, value })
    }
    await deleteSystemConfig(trx, LOCKDOWN_ENTRY)
    await recordEvent(deps, trx, actor, { type: 'lockdown.off', metadata: { since: toRfc3339(lockdown.since) } })
    return lockdown
  })
  await putInForce(deps)
  return ended
}
