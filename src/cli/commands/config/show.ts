import { statSync } from 'node:fs'
import { Flags } from '@oclif/core'
import type { Loaded } from '../../../config/load.ts'
import { describeConfig, showConfig } from '../../../config/show.ts'
import { listSettings } from '../../../flows/operator/setting.ts'
import { toOperatorError } from '../../../flows/shown-error.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { withDatabase } from '../../database.ts'
import type { GlobalFlags } from '../../flags.ts'
import { tell } from '../../output/clean.ts'

export default command({
  description: 'Secrets are hidden. Live settings of the database are included.',
  examples: ['authd config show --origin', 'authd config show --section smtp --json'],
  flags: {
    origin: Flags.boolean({ description: 'Show where each value comes from.' }),
    changed: Flags.boolean({ description: 'Show only values that differ from the default.' }),
    section: completing('config-sections', Flags.string({ description: 'Show only this section.' })),
  },
  async run({ flags, out, loadConfig }) {
    const loaded = await withSettings(await loadConfig(), flags)
    const options = { withOrigin: flags.origin, onlyChanged: flags.changed, section: flags.section }
    out.document(describeConfig(loaded, options), showConfig(loaded, options))
  },
})

/** The configuration with the live settings of the database above it, where there is a database. */
async function withSettings(
  { config, sources }: Loaded,
  flags: GlobalFlags,
): Promise<Pick<Loaded, 'config' | 'sources'>> {
  try {
    return await withDatabase({ ...flags, quiet: true, verbose: false }, async (deps) => {
      const set = (await listSettings(deps)).filter(({ isSet }) => isSet)
      const over = set.map(({ key, setBy }) => [key, { kind: 'setting', by: setBy ?? '' }] as const)
      return { config: deps.config.current(), sources: new Map([...sources, ...over]) }
    })
  } catch (error) {
    // Before the first start the database does not exist, and neither do live settings.
    const { url, path } = config.database
    if (url !== undefined || isThere(path)) {
      tell(
        `warning: live settings are not included, because the database cannot be read. ${toOperatorError(error).message}`,
      )
    }
    return { config, sources }
  }
}

/** A folder that this user may not enter can have one. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
