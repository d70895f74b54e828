import { command } from '../../command.ts'
import { programPath, refuseConfig, serviceFlags } from '../../service/flags.ts'
import { unitText } from '../../service/unit.ts'

export default command({
  examples: ['authd service print'],
  flags: { name: serviceFlags.name, user: serviceFlags.user },
  async run({ flags, out }) {
    const { name, user = name } = flags
    refuseConfig(flags.config, name)
    out.text(unitText({ name, user, program: programPath() }))
  },
})
