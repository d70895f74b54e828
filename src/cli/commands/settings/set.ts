import { Args, Flags } from '@oclif/core'
import { presentSetting } from '../../../resources/setting.ts'
import { dryRunFlag, OperatorCommand, reasonFlag } from '../../command.ts'
import { withRiskHint } from '../../ip-rules.ts'
import { printChanges } from '../../output/changes.ts'

export default class SettingsSet extends OperatorCommand {
  static override summary =
    'Set a live setting: in force in every instance within a second, above file and environment.'
  static override examples = [
    'authd settings set signup.policy closed --reason "spam wave"',
    'authd settings set limits.requests_per_minute 120',
  ]
  static override args = {
    key: Args.string({ required: true, description: 'As settings list names it.' }),
    value: Args.string({ required: true, description: 'As in the environment; lists with commas.' }),
  }
  static override flags = {
    ...reasonFlag,
    'accept-risk': Flags.string({ options: ['lockout'], description: 'Set what may lock you out.' }),
    ...dryRunFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SettingsSet)
    const { getSetting, setSetting } = await import('../../../flows/operator/setting.ts')
    await this.withDeps(flags, async (deps) => {
      const before = presentSetting(await getSetting(deps, args.key))
      const isChanged = await withRiskHint(`authd settings set ${args.key} ${args.value}`, () =>
        setSetting(deps, this.operator(flags.reason), {
          key: args.key,
          value: args.value,
          own: process.env['SSH_CONNECTION']?.split(' ')[0],
          acceptsLockout: flags['accept-risk'] === 'lockout',
        }),
      )
      const resource = presentSetting(await getSetting(deps, args.key))
      const isAbove = before.origin === 'config' && before.value !== null
      const over = isAbove ? `, above ${JSON.stringify(before.value)} of the configuration` : ''
      const text = isChanged ? `${args.key} = ${args.value}${over}` : `${args.key} was ${args.value} already`
      printChanges(this.output(flags), flags, [{ resource, isChanged, text }])
    })
  }
}
