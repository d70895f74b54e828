import { BUILD } from '../../build-info.ts'
import { command } from '../command.ts'
import { WITHOUT } from '../flags.ts'

export default command({
  without: WITHOUT.configuration,
  examples: ['authd version'],
  async run({ out }) {
    const { node, sqlite } = process.versions
    const about = {
      version: BUILD.version,
      commit: BUILD.commit,
      built_at: BUILD.builtAt,
      node,
      sqlite: sqlite ?? null,
    }
    const commit = BUILD.commit === null ? 'from source' : `commit ${BUILD.commit}, ${BUILD.builtAt}`
    out.object(about, [`authd ${BUILD.version} (${commit}, node ${node}, sqlite ${sqlite})`])
  },
})
