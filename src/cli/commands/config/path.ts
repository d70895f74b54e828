import { inspectConfig } from '../../../config/load.ts'
import { AuthdError } from '../../../errors.ts'
import { command } from '../../command.ts'

export default command({
  without: ['verbose', 'timeout'],
  examples: ['authd config path'],
  async run({ flags, out }) {
    const { path, searched } = inspectConfig({ env: process.env, configPath: flags.config })
    if (path === undefined) {
      throw new AuthdError('NO_INPUT', {
        message: `No configuration file found in ${searched.map((place) => place.path).join(', ')}`,
        suggestions: ['authd init'],
      })
    }
    const why = searched.find((place) => place.path === path)?.why ?? 'named'
    out.object({ path, why, searched }, [`${path}  (${why})`])
  },
})
