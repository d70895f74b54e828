import { Flags } from '@oclif/core'
import { OperatorCommand } from '../../command.ts'

export default class ConfigEnv extends OperatorCommand {
  static override summary = 'Every environment variable, and the key it sets.'
  static override flags = { 'set-only': Flags.boolean({ description: 'Only those that are set here.' }) }

  async run(): Promise<void> {
    const { flags } = await this.parse(ConfigEnv)
    const { listVariables } = await import('../../../config/reference.ts')
    const all = listVariables(process.env)
    const variables = flags['set-only'] ? all.filter((variable) => variable.isSet) : all
    this.output(flags).list(
      variables.map(({ name, key, isSet }) => ({ name, key, set: isSet })),
      [
        { header: 'NAME', value: ({ name }) => name },
        { header: 'KEY', value: ({ key }) => key },
        { header: 'SET', value: ({ set }) => (set ? 'yes' : '') },
      ],
    )
  }
}
