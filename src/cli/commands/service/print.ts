import { command } from '../../command.ts'
import { WITHOUT } from '../../flags.ts'
import { programPath, serviceFlags } from '../../service/flags.ts'
import { unitText } from '../../service/unit-texts.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['authd service print'],
  flags: { name: serviceFlags.name, user: serviceFlags.user },
  async run({ flags, out }) {
    const { name, user = name } = flags
    out.text(unitText({ name, user, program: programPath() }))
  },
})
