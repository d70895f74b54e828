import { holdTopic } from '../../store/change-epochs.ts'
import type { Sql, Trx } from '../../store/db.ts'
import { findSystemConfig } from '../../store/system-config.ts'

export const LOCKDOWN_ENTRY = 'lockdown'

/** The settings that a lockdown puts in force. Nobody else changes them while it lasts. */
export const LOCKDOWN_SETTINGS: Readonly<Record<string, string>> = { 'signup.policy': 'closed', 'mail.paused': 'true' }

/** As it is stored while it lasts. `before` has the settings to restore, null for one that was not set. */
export interface Lockdown {
  since: number
  by: string
  reason: string | null
  before: Record<string, string | null>
}

/** The lockdown in force, if there is one. */
export async function readLockdown(sql: Sql): Promise<Lockdown | undefined> {
  const text = await findSystemConfig(sql, LOCKDOWN_ENTRY)
  return text === undefined ? undefined : (JSON.parse(text) as Lockdown)
}

/** Like readLockdown, in a unit that relies on it: no lockdown begins or ends before that unit has ended. */
export async function lockLockdown(trx: Trx): Promise<Lockdown | undefined> {
  await holdTopic(trx, 'settings')
  return await readLockdown(trx)
}
