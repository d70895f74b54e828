import { Args, Flags } from '@oclif/core'
import { setSetting, showSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { dryRunFlag, reasonFlag } from '../../flags.ts'
import { isLockoutRisk } from '../../ip-rules.ts'
import { sshClient } from '../../operator.ts'
import { suggesting } from '../../output/report.ts'

export default operation({
  examples: [
    'authd settings set signup.policy closed --reason "spam wave"',
    'authd settings set limits.requests_per_minute 120',
  ],
  args: {
    key: completing('settings', Args.string({ required: true, description: 'As settings list names it.' })),
    value: completing(
      'setting-values',
      Args.string({ required: true, description: 'New value. Separate the items of a list with commas.' }),
    ),
  },
  flags: {
    ...reasonFlag,
    'accept-risk': Flags.string({
      options: ['lockout'],
      description: 'Allow a value that may lock you out: --accept-risk=lockout.',
    }),
    ...dryRunFlag,
  },
  async run(deps, { args, flags, out, actor, again }) {
    const before = presentSetting(await showSetting(deps, args.key))
    const isChanged = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      setSetting(deps, actor, {
        key: args.key,
        value: args.value,
        own: sshClient(actor),
        acceptsLockout: flags['accept-risk'] === 'lockout',
      }),
    )
    const resource = presentSetting(await showSetting(deps, args.key))
    const isAbove = before.origin === 'config' && before.value !== null
    const over = isAbove ? `, above ${JSON.stringify(before.value)} of the configuration` : ''
    const text = isChanged
      ? `${out.did(args.key, `would set ${args.key}`)} = ${args.value}${over}`
      : `${args.key} is already ${args.value}`
    out.changes([{ resource, isChanged, text }])
  },
})
