import { BUILD } from '../../build-info.ts'
import { OperatorCommand } from '../command.ts'

export default class Version extends OperatorCommand {
  static override summary = 'Version, commit, Node, SQLite.'

  async run(): Promise<void> {
    const { flags } = await this.parse(Version)
    const { node, sqlite } = process.versions
    const about = {
      version: BUILD.version,
      commit: BUILD.commit,
      built_at: BUILD.builtAt,
      node,
      sqlite: sqlite ?? null,
    }
    const commit = BUILD.commit === null ? 'from source' : `commit ${BUILD.commit}, ${BUILD.builtAt}`
    this.output(flags).object(about, [`authd ${BUILD.version} (${commit}, node ${node}, sqlite ${sqlite})`])
  }
}
