import { Args } from '@oclif/core'
import { showSetting, unsetSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'

export default operation({
  examples: ['authd settings unset signup.policy'],
  args: { key: Args.string({ required: true, description: 'As settings list names it.' }) },
  flags: changeFlags,
  async run(deps, { args, out, actor }) {
    const isChanged = await unsetSetting(deps, actor, args.key)
    const resource = presentSetting(await showSetting(deps, args.key))
    const text = isChanged
      ? `${args.key} ${out.did(`is ${resource.value}`, 'would have its configured value')} again`
      : `${args.key} was not set`
    out.changes([{ resource, isChanged, text }])
  },
})
