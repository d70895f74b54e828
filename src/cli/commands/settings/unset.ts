import { Flags } from '@oclif/core'
import { showSetting, unsetSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { changeFlags, settingsArg } from '../../flags.ts'
import { isLockoutRisk } from '../../ip-rules.ts'
import { sshClient } from '../../operator.ts'
import { suggesting } from '../../output/report.ts'

export default operation({
  examples: ['authd settings unset signup.policy'],
  args: settingsArg,
  flags: {
    ...changeFlags,
    'accept-risk': Flags.string({ options: ['lockout'], description: 'Unset what may lock you out.' }),
  },
  takesMany: 'new',
  async run(deps, { flags, each, out, actor, again }) {
    const changes = []
    for (const { key } of await each((name) => showSetting(deps, name))) {
      const isChanged = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
        unsetSetting(deps, actor, {
          key,
          own: sshClient(actor),
          acceptsLockout: flags['accept-risk'] === 'lockout',
        }),
      )
      const resource = presentSetting(await showSetting(deps, key))
      const text = isChanged
        ? `${key} ${out.did(`is ${resource.value}`, 'would have its configured value')} again`
        : `${key} was not set`
      changes.push({ resource, isChanged, text })
    }
    out.changes(changes)
  },
})
