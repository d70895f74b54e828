import { showSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { settingsArg } from '../../flags.ts'

export default operation({
  examples: ['authd settings get limits.requests_per_minute'],
  args: settingsArg,
  takesMany: 'new',
  async run(deps, { each, out }) {
    const settings = await each(async (key) => presentSetting(await showSetting(deps, key)))
    out.found(
      settings.map((setting) => {
        const value = Array.isArray(setting.value) ? setting.value.join(',') : String(setting.value ?? '')
        return { value: setting, lines: [value] }
      }),
    )
  },
})
