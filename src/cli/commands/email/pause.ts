import { OperatorCommand, reasonFlag } from '../../command.ts'
import { setMailPause } from '../../mail-pause.ts'

export default class EmailPause extends OperatorCommand {
  static override summary = 'Hold all mail back, in every instance. It waits; what expires meanwhile is never sent.'
  static override examples = ['authd email pause --reason "relay moves"']
  static override flags = { ...reasonFlag }

  async run(): Promise<void> {
    const { flags } = await this.parse(EmailPause)
    const actor = this.operator(flags.reason)
    await this.withDeps(flags, (deps) => setMailPause(deps, actor, this.output(flags), true))
  }
}
