import type { Setting } from '../flows/setting.ts'
import { toRfc3339 } from '../platform/clock.ts'

export interface SettingResource {
  key: string
  value: unknown
  /** `setting`, or `config`: file, environment or default. */
  origin: 'setting' | 'config'
  set_at: string | null
  set_by: string | null
}

export function presentSetting({ key, value, isSet, setAt, setBy }: Setting): SettingResource {
  return {
    key,
    value,
    origin: isSet ? 'setting' : 'config',
    set_at: setAt === null ? null : toRfc3339(setAt),
    set_by: setBy,
  }
}
