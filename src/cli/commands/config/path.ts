import { AuthdError } from '../../../errors.ts'
import { OperatorCommand } from '../../command.ts'

export default class ConfigPath extends OperatorCommand {
  static override summary = 'Which file is read, and why.'

  async run(): Promise<void> {
    const { flags } = await this.parse(ConfigPath)
    const { inspectConfig } = await import('../../../config/load.ts')
    const { path, searched } = inspectConfig({ env: process.env, configPath: flags.config })
    if (path === undefined) {
      throw new AuthdError('NO_INPUT', {
        message: `no configuration file; looked at ${searched.map((place) => place.path).join(', ')}`,
        suggestions: ['authd init'],
      })
    }
    const why = searched.find((place) => place.path === path)?.why ?? 'named'
    this.output(flags).object({ path, why, searched }, [`${path}  (${why})`])
  }
}
