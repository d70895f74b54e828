import { OperatorCommand } from '../../command.ts'
import { programPath, serviceFlags } from '../../service/flags.ts'
import { unitText } from '../../service/unit.ts'

export default class ServicePrint extends OperatorCommand {
  static override summary = 'The unit that service install would write.'
  static override examples = ['authd service print']
  static override flags = { name: serviceFlags.name, user: serviceFlags.user }

  async run(): Promise<void> {
    const { flags } = await this.parse(ServicePrint)
    const { name, user = name } = flags
    this.output(flags).text(unitText({ name, user, program: programPath() }))
  }
}
