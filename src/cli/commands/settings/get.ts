import { Args } from '@oclif/core'
import { showSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'

export default operation({
  examples: ['authd settings get limits.requests_per_minute'],
  args: { key: completing('settings', Args.string({ required: true, description: 'As settings list names it.' })) },
  async run(deps, { args, out }) {
    const setting = presentSetting(await showSetting(deps, args.key))
    const value = Array.isArray(setting.value) ? setting.value.join(',') : String(setting.value ?? '')
    out.object(setting, [value])
  },
})
