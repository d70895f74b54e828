import { Args } from '@oclif/core'
import { showSetting, unsetSetting } from '../../../flows/operator/setting.ts'
import { presentSetting } from '../../../resources/setting.ts'
import { dryRunFlag, operation, reasonFlag } from '../../command.ts'

export default operation({
  examples: ['authd settings unset signup.policy'],
  args: { key: Args.string({ required: true, description: 'As settings list names it.' }) },
  flags: { ...reasonFlag, ...dryRunFlag },
  async run(deps, { args, out, actor }) {
    const isChanged = await unsetSetting(deps, actor, args.key)
    const resource = presentSetting(await showSetting(deps, args.key))
    const text = isChanged ? `${args.key} is ${resource.value} again` : `${args.key} was not set`
    out.changes([{ resource, isChanged, text }])
  },
})
