import { operation } from '../../command.ts'
import { changeFlags } from '../../flags.ts'
import { setMailPause } from '../../mail-pause.ts'

export default operation({
  examples: ['authd email resume'],
  flags: changeFlags,
  async run(deps, { out, actor }) {
    await setMailPause(deps, actor, out, false)
  },
})
