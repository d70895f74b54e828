import type { Deps } from '../../deps.ts'
import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'
import { bumpEpoch } from '../../store/change-epochs.ts'
import type { Trx } from '../../store/db.ts'
import {
  deleteSystemConfig,
  listSystemConfig,
  SETTING,
  type SystemConfig,
  setSystemConfig,
} from '../../store/system-config.ts'
import { decide } from '../decide.ts'
import { type Locker, riskOfSetting } from '../limits/lockout-risk.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { LOCKDOWN_SETTINGS, lockLockdown } from './lockdown-entry.ts'

export interface Setting {
  key: string
  /** The value in force, as the file would write it. Null if nothing is set. */
  value: unknown
  isSet: boolean
  setAt: number | null
  setBy: string | null
}

/** Puts the stored settings in force in this process: at start, and within a second of a change. */
export async function applySettings(deps: Pick<Deps, 'cache' | 'config' | 'log'>): Promise<void> {
  const rows = await deps.cache.of('settings', async (sql) => {
    const stored = await listSystemConfig(sql, SETTING)
    for (const { key, value } of stored) {
      const refusal = deps.config.refuse(nameOf(key), value)
      if (refusal) deps.log.error('setting ignored', { key: nameOf(key), problem: refusal.message })
    }
    return stored.map(({ key, value }) => ({ key: nameOf(key), value }))
  })
  deps.config.override(rows)
}

/** Every live key with the value in force. */
export async function listSettings(deps: Pick<Deps, 'db' | 'config'>): Promise<Setting[]> {
  const stored = new Map(
    (await deps.db.read((sql) => listSystemConfig(sql, SETTING))).map((row) => [nameOf(row.key), row]),
  )
  return deps.config.live().map(({ key, value }) => {
    const row = stored.get(key)
    return { key, value, isSet: row !== undefined, setAt: row?.updatedAt ?? null, setBy: row?.updatedBy ?? null }
  })
}

/** Returns one live key with the value in force. Throws USAGE for a key that is not live. */
export async function showSetting(deps: Pick<Deps, 'db' | 'config'>, key: string): Promise<Setting> {
  const found = (await listSettings(deps)).find((setting) => setting.key === key)
  if (!found) throw notLive(deps, key)
  return found
}

/**
 * Sets a live key for every instance. Returns false if it had that value already. Throws USAGE, VALIDATION_ERROR,
 * LOCKOUT_RISK, CONFLICT for a setting that a lockdown holds.
 */
export async function setSetting(
  deps: Deps,
  actor: Actor,
  input: Locker & { key: string; value: string },
): Promise<boolean> {
  checkSetting(deps, input.key, input.value)
  const isChanged = await decide(
    deps,
    async (trx) =>
      (await riskOfSetting(deps, trx, input)) ??
      (await heldByLockdown(trx, input.key)) ??
      (await putSetting(deps, trx, actor, input)),
  )
  await putInForce(deps)
  return isChanged
}

/**
 * Removes a setting, so that file, environment and default count again. Throws USAGE for a key that is not live,
 * LOCKOUT_RISK, CONFLICT for a setting that a lockdown holds.
 */
export async function unsetSetting(
  deps: Deps,
  actor: Actor,
  { key, ...locker }: Locker & { key: string },
): Promise<boolean> {
  const live = deps.config.live().find((each) => each.key === key)
  if (!live) throw notLive(deps, key)
  const isChanged = await decide(
    deps,
    async (trx) =>
      (await riskOfSetting(deps, trx, { key, value: String(live.configured), ...locker })) ??
      (await heldByLockdown(trx, key)) ??
      (await dropSetting(deps, trx, actor, key)),
  )
  await putInForce(deps)
  return isChanged
}

/** The end of a lockdown restores its settings, so a change before it would be lost. */
async function heldByLockdown(trx: Trx, key: string): Promise<AuthdError | undefined> {
  if (!Object.hasOwn(LOCKDOWN_SETTINGS, key) || !(await lockLockdown(trx))) return undefined
  const message = `A lockdown holds ${key} at ${LOCKDOWN_SETTINGS[key]}. End it first.`
  return new AuthdError('CONFLICT', { message, suggestions: ['authd lockdown off'] })
}

/** Runs in a unit that does more. The caller puts the setting in force afterwards. */
export async function putSetting(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  { key, value }: { key: string; value: string },
): Promise<boolean> {
  const before = await storedValue(trx, key)
  if (before === value) return false
  await setSystemConfig(trx, { key: SETTING + key, value, now: deps.clock.now(), by: actor.id })
  await noteChange(deps, trx, actor, { key, before, after: value })
  return true
}

export async function dropSetting(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  key: string,
): Promise<boolean> {
  const before = await storedValue(trx, key)
  if (before === null || !(await deleteSystemConfig(trx, SETTING + key))) return false
  await noteChange(deps, trx, actor, { key, before, after: null })
  return true
}

/** The stored value of a key, or null. */
export async function storedValue(trx: Trx, key: string): Promise<string | null> {
  const rows: SystemConfig[] = await listSystemConfig(trx, SETTING + key)
  return rows.find((row) => row.key === SETTING + key)?.value ?? null
}

/** Puts changed settings in force in this process now. */
export async function putInForce(deps: Deps): Promise<void> {
  await deps.cache.refresh()
  await applySettings(deps)
}

async function noteChange(
  deps: Pick<Deps, 'clock' | 'random' | 'metrics'>,
  trx: Trx,
  actor: Actor,
  metadata: { key: string; before: string | null; after: string | null },
): Promise<void> {
  await bumpEpoch(trx, 'settings')
  // Processes drop their full buckets, because a limit may be higher now.
  if (metadata.key.startsWith('limits.')) await bumpEpoch(trx, 'rate_limits')
  await recordEvent(deps, trx, actor, { type: 'setting.changed', metadata })
}

function checkSetting(deps: Pick<Deps, 'config'>, key: string, value: string): void {
  if (!isLive(deps, key)) throw notLive(deps, key)
  const refusal = deps.config.refuse(key, value)
  if (refusal) throw new AuthdError('VALIDATION_ERROR', { message: refusal.message })
}

function isLive({ config }: Pick<Deps, 'config'>, key: string): boolean {
  return config.live().some((live) => live.key === key)
}

function notLive(deps: Pick<Deps, 'config'>, key: string): AuthdError {
  const { isKey, message = key } = deps.config.refuse(key, '') ?? {}
  return new AuthdError('USAGE', {
    message: `${message}.`,
    suggestions: ['authd settings list', ...(isKey ? [shell`authd config reference ${key}`] : [])],
  })
}

function nameOf(stored: string): string {
  return stored.slice(SETTING.length)
}
