import { Config } from '@oclif/core'
import { BUILD } from '../build-info.ts'
import type { CommandClass, FoundCommand } from './help/command-for.ts'

/** oclif parses flags and arguments; finding commands in files is left out, since there are none in a single file. */
export async function runCommand(Command: CommandClass, { id, argv }: FoundCommand, takeSignals: () => void) {
  const pjson = { name: 'authd', version: BUILD.version, oclif: { bin: 'authd', topicSeparator: ' ' } }
  const config = new Config({ root: '/nonexistent', pjson } as ConstructorParameters<typeof Config>[0])
  config.bin = 'authd'
  config.topicSeparator = ' '
  // There are no plugins, so nobody waits for a hook.
  config.runHook = async () => ({ successes: [], failures: [] })
  const command = new Command(argv, config as never)
  command.id = id
  command.takeSignals = takeSignals
  await command.run()
}
