import { Args, Flags } from '@oclif/core'
import { setSetting, showSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'
import { withRiskHint } from '../../ip-rules.ts'

export default operation({
  examples: [
    'authd settings set signup.policy closed --reason "spam wave"',
    'authd settings set limits.requests_per_minute 120',
  ],
  args: {
    key: Args.string({ required: true, description: 'As settings list names it.' }),
    value: Args.string({ required: true, description: 'As in the environment; lists with commas.' }),
  },
  flags: {
    ...reasonFlag,
    'accept-risk': Flags.string({ options: ['lockout'], description: 'Set what may lock you out.' }),
    ...dryRunFlag,
  },
  async run(deps, { args, flags, out, actor }) {
    const before = presentSetting(await showSetting(deps, args.key))
    const isChanged = await withRiskHint(`authd settings set ${args.key} ${args.value}`, () =>
      setSetting(deps, actor, {
        key: args.key,
        value: args.value,
        own: process.env['SSH_CONNECTION']?.split(' ')[0],
        acceptsLockout: flags['accept-risk'] === 'lockout',
      }),
    )
    const resource = presentSetting(await showSetting(deps, args.key))
    const isAbove = before.origin === 'config' && before.value !== null
    const over = isAbove ? `, above ${JSON.stringify(before.value)} of the configuration` : ''
    const text = isChanged ? `${args.key} = ${args.value}${over}` : `${args.key} was ${args.value} already`
    out.changes([{ resource, isChanged, text }])
  },
})
