import { Flags } from '@oclif/core'
import { OperatorCommand } from '../../command.ts'

export default class ConfigShow extends OperatorCommand {
  static override summary = 'What is in force, secrets hidden.'
  static override examples = ['authd config show --origin', 'authd config show --section smtp --json']
  static override flags = {
    origin: Flags.boolean({ description: 'Where each value comes from.' }),
    changed: Flags.boolean({ description: 'Only what is not the default.' }),
    section: Flags.string({ description: 'Only this section.' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(ConfigShow)
    const { describeConfig, showConfig } = await import('../../../config/show.ts')
    const loaded = await this.loadConfig(flags)
    const options = { withOrigin: flags.origin, onlyChanged: flags.changed, section: flags.section }
    this.output(flags).object(describeConfig(loaded, options), [showConfig(loaded, options).trimEnd()])
  }
}
