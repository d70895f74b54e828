import { Config } from '@oclif/core'
import { BUILD } from '../build-info.ts'
import type { CommandClass } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import type { FoundCommand } from './help/command-for.ts'

/** Lets oclif parse flags and arguments. It does not search for command files, because a single file has none. */
export async function runCommand(Command: CommandClass, { id, argv }: FoundCommand, takeSignals: () => void) {
  const pjson = { name: 'authd', version: BUILD.version, oclif: { bin: 'authd', topicSeparator: ' ' } }
  const config = new Config({ root: '/nonexistent', pjson } as ConstructorParameters<typeof Config>[0])
  config.bin = 'authd'
  config.topicSeparator = ' '
  // authd has no plugins, so no hooks run.
  config.runHook = async () => ({ successes: [], failures: [] })
  const command = new Command(argv, config as never)
  command.id = id
  command.takeSignals = takeSignals
  command.catalogue = COMMANDS
  await command.run()
}
