import { Args, Flags } from '@oclif/core'
import { showSetting, unsetSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'
import { isLockoutRisk } from '../../ip-rules.ts'
import { sshClient } from '../../operator.ts'
import { suggesting } from '../../output/report.ts'

export default operation({
  examples: ['authd settings unset signup.policy'],
  args: { key: completing('settings', Args.string({ required: true, description: 'As settings list names it.' })) },
  flags: {
    ...changeFlags,
    'accept-risk': Flags.string({ options: ['lockout'], description: 'Unset what may lock you out.' }),
  },
  async run(deps, { args, flags, out, actor, again }) {
    const isChanged = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      unsetSetting(deps, actor, {
        key: args.key,
        own: sshClient(actor),
        acceptsLockout: flags['accept-risk'] === 'lockout',
      }),
    )
    const resource = presentSetting(await showSetting(deps, args.key))
    const text = isChanged
      ? `${args.key} ${out.did(`is ${resource.value}`, 'would have its configured value')} again`
      : `${args.key} was not set`
    out.changes([{ resource, isChanged, text }])
  },
})
