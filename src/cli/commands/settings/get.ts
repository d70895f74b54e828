import { Args } from '@oclif/core'
import { presentSetting } from '../../../resources/setting.ts'
import { OperatorCommand } from '../../command.ts'

export default class SettingsGet extends OperatorCommand {
  static override summary = 'One live setting: its value alone, for scripts.'
  static override examples = ['authd settings get limits.requests_per_minute']
  static override args = { key: Args.string({ required: true, description: 'As settings list names it.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SettingsGet)
    const { getSetting } = await import('../../../flows/operator/setting.ts')
    await this.withDeps(flags, async (deps) => {
      const setting = presentSetting(await getSetting(deps, args.key))
      const value = Array.isArray(setting.value) ? setting.value.join(',') : String(setting.value ?? '')
      this.output(flags).object(setting, [value])
    })
  }
}
