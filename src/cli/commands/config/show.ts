import { Flags } from '@oclif/core'
import type { Loaded } from '../../../config/load.ts'
import { type GlobalFlags, OperatorCommand } from '../../command.ts'

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
    const loaded = await this.#withSettings(flags)
    const options = { withOrigin: flags.origin, onlyChanged: flags.changed, section: flags.section }
    this.output(flags).object(describeConfig(loaded, options), [showConfig(loaded, options).trimEnd()])
  }

  /** The live settings of the database above the rest; without a database there are none. */
  async #withSettings(flags: GlobalFlags): Promise<Pick<Loaded, 'config' | 'sources'>> {
    const { config, sources } = await this.loadConfig(flags)
    const { listSettings } = await import('../../../flows/operator/setting.ts')
    try {
      return await this.withDeps({ ...flags, quiet: true, verbose: false }, async (deps) => {
        const set = (await listSettings(deps)).filter(({ isSet }) => isSet)
        const over = set.map(({ key, setBy }) => [key, { kind: 'setting', by: setBy ?? '' }] as const)
        return { config: deps.config.current(), sources: new Map([...sources, ...over]) }
      })
    } catch {
      return { config, sources }
    }
  }
}
