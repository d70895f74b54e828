import type { Deps } from '../../deps.ts'
import { SETTING, setSystemConfig } from '../../store/system-config.ts'
import { type Actor, recordEvent } from '../record-event.ts'
import { LOCKDOWN_ENTRY, LOCKDOWN_SETTINGS, type Lockdown, lockLockdown } from './lockdown-entry.ts'
import { dropSetting, putInForce, putSetting, storedValue } from './setting.ts'

/** What an operator closes, from open to closed. */
const STEPS: Readonly<Record<string, readonly string[]>> = {
  'signup.policy': ['open', 'domains', 'invite', 'closed'],
  'mail.paused': ['false', 'true'],
}

/**
 * Keeps closed in a restored database what an operator had closed in the database from before: a lockdown with the settings
 * that its end restores, the pause of mail, and sign-ups. Opens nothing. `known` is system_config of the database from
 * before. Returns what is closed that the backup had open: `lockdown` and keys of settings.
 */
export async function keepClosed(deps: Deps, actor: Actor, known: ReadonlyMap<string, string>): Promise<string[]> {
  const text = known.get(LOCKDOWN_ENTRY)
  const theirs = text === undefined ? undefined : (JSON.parse(text) as Lockdown)
  const closed = await deps.db.write(async (trx) => {
    const own = await lockLockdown(trx)
    const before: Lockdown['before'] = {}
    const closed: string[] = []
    for (const key of Object.keys(STEPS)) {
      const restored = own ? (own.before[key] ?? null) : await storedValue(trx, key)
      const last = theirs ? (theirs.before[key] ?? null) : (known.get(SETTING + key) ?? null)
      const isStricter = stepOf(deps, key, last) > stepOf(deps, key, restored)
      if (isStricter) closed.push(key)
      before[key] = isStricter ? last : restored
    }
    const domains = known.get(`${SETTING}signup.domains`)
    if (closed.includes('signup.policy') && before['signup.policy'] === 'domains' && domains !== undefined) {
      await putSetting(deps, trx, actor, { key: 'signup.domains', value: domains })
    }
    const lockdown = own ?? theirs
    for (const [key, value] of Object.entries(lockdown ? LOCKDOWN_SETTINGS : before)) {
      if (value === null) await dropSetting(deps, trx, actor, key)
      else await putSetting(deps, trx, actor, { key, value })
    }
    if (!lockdown) return closed
    const value = JSON.stringify({ ...lockdown, before })
    await setSystemConfig(trx, { key: LOCKDOWN_ENTRY, value, now: deps.clock.now(), by: lockdown.by })
    if (own) return closed
    await recordEvent(deps, trx, actor, { type: 'lockdown.on' })
    return ['lockdown', ...closed]
  })
  await putInForce(deps)
  return closed
}

/** Without a stored value, that of the file, the environment or the default is in force. */
function stepOf({ config }: Pick<Deps, 'config'>, key: string, stored: string | null): number {
  const value = stored ?? String(config.live().find((live) => live.key === key)?.configured)
  return STEPS[key]?.indexOf(value) ?? -1
}
