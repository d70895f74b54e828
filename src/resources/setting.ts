import { z } from 'zod'
import type { Setting } from '../flows/operator/setting.ts'
import { toRfc3339 } from '../platform/clock.ts'
import { sample, timeField } from './shared-fields.ts'

export const settingResource = z
  .strictObject({
    key: sample('signup.policy').describe('The name of the setting.'),
    value: z
      .unknown()
      .meta({ examples: ['invite'] })
      .describe('Its value in force.'),
    origin: z.enum(['setting', 'config']).describe('`config`: from file, environment or default.'),
    set_at: timeField.nullable().describe('When it was set. `null`: not set.'),
    set_by: sample('cli:ada@vm1').nullable().describe('Who set it.'),
  })
  .meta({ id: 'Setting', description: 'A live setting.' })
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
