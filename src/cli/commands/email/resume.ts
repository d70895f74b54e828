import { OperatorCommand, reasonFlag } from '../../command.ts'
import { setMailPause } from '../../mail-pause.ts'

export default class EmailResume extends OperatorCommand {
  static override summary = 'Send mail again, what waits first.'
  static override examples = ['authd email resume']
  static override flags = { ...reasonFlag }

  async run(): Promise<void> {
    const { flags } = await this.parse(EmailResume)
    const actor = this.operator(flags.reason)
    await this.withDeps(flags, (deps) => setMailPause(deps, actor, this.output(flags), false))
  }
}
