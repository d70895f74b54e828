import { z } from 'zod'
import type { Setting } from '../flows/operator/setting.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { sample, timeField } from './field.ts'

export const settingResource = z.strictObject({
  key: sample('signup.policy'),
  value: z.unknown().meta({ examples: ['invite'] }),
  origin: z.enum(['setting', 'config']).describe('`config`: from file, environment or default.'),
  set_at: timeField.nullable(),
  set_by: sample('cli:ada@vm1').nullable(),
})
export type SettingResource = z.output<typeof settingResource>

export function presentSetting({ key, value, isSet, setAt, setBy }: Setting): SettingResource {
  return {
    key,
    value,
    origin: isSet ? 'setting' : 'config',
    set_at: setAt === null ? null : toRfc3339(setAt),
    set_by: setBy,
  }
}
