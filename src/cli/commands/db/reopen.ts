import { reopenDatabase } from '../../../startup/copy-database.ts'
import { command } from '../../command.ts'
import { reasonFlag, WITHOUT } from '../../flags.ts'
import { becomeOwner } from '../../privileges.ts'

export default command({
  without: WITHOUT.database,
  description: 'What was written to the copy since is not in it. Stop the daemons on the copy first.',
  examples: ['authd db reopen --reason "the new server was too slow"'],
  flags: reasonFlag,
  async run({ out, actor, loadConfig, confirm }) {
    const { config } = await loadConfig()
    await confirm('Open the old database again? It knows nothing of what the copy has since.')
    out.silent().object({ changed: true }, [])
    becomeOwner(config.dataDir)
    const isChanged = await reopenDatabase(config, actor)
    out.object({ changed: isChanged }, [isChanged ? 'The database is open again.' : 'No copy has closed the database.'])
  },
})
