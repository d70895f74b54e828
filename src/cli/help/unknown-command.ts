import { AuthdError } from '../../errors.ts'
import { shell } from '../../platform/shell.ts'
import { isTopic, nearestCommand } from './command-for.ts'
import { showHelp } from './help.ts'

/** `users` alone shows its commands. Any other unknown command is an error with the closest name. */
export async function refuseUnknownCommand(words: string[]): Promise<void> {
  const [topic = ''] = words
  if (words.length === 1 && isTopic(topic)) {
    await showHelp(words, process.stderr)
    process.exitCode = 64
    return
  }
  const typed = words.slice(0, isTopic(topic) ? 2 : 1).join(' ')
  const nearest = nearestCommand(typed)
  throw new AuthdError('USAGE', {
    message: `unknown command "${typed}"`,
    suggestions: [nearest ? shell`authd ${nearest.split(' ')}` : 'authd --help'],
  })
}
