import { Args } from '@oclif/core'
import { presentSetting } from '../../../resources/setting.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { printChanges } from '../../output/changes.ts'

export default class SettingsUnset extends OperatorCommand {
  static override summary = 'Take a live setting away: file, environment and default count again.'
  static override examples = ['authd settings unset signup.policy']
  static override args = { key: Args.string({ required: true, description: 'As settings list names it.' }) }
  static override flags = { ...reasonFlag, ...dryRunFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SettingsUnset)
    const { getSetting, unsetSetting } = await import('../../../flows/operator/setting.ts')
    await this.withDeps(flags, async (deps) => {
      const isChanged = await unsetSetting(deps, this.operator(flags.reason), args.key)
      const resource = presentSetting(await getSetting(deps, args.key))
      const text = isChanged ? `${args.key} is ${resource.value} again` : `${args.key} was not set`
      printChanges(this.output(flags), flags, [{ resource, isChanged, text }])
    })
  }
}
