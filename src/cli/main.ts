import { BUILD } from '../build-info.ts'
import { AuthdError } from '../errors.ts'
import { shell } from '../platform/shell.ts'
import { commandFor } from './help/command-for.ts'
import { cleanText, print } from './output/clean.ts'
import { reportError } from './output/report.ts'

/** Runs one command line. Sets `process.exitCode`; never throws. */
export async function main(argv: string[]): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    print(process.stdout, cleanText(`authd ${BUILD.version}\n`))
    return
  }
  // Some libraries throw at import without a HOME or a passwd entry, as in containers.
  process.env['HOME'] ??= '/'
  process.env['SHELL'] ??= '/bin/sh'
  let isDaemon = false
  for (const stream of [process.stdout, process.stderr]) {
    // `| head` closes the pipe: that is not an error. A daemon keeps serving without a reader of its log.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!isDaemon) process.exit(0)
    })
  }
  // By default Node opens a debugger that any local user can reach. --disable-sigusr1 would also disable our own handler.
  process.on('SIGUSR1', () => {})
  const interrupted = (signal: NodeJS.Signals) => process.exit(signal === 'SIGINT' ? 130 : 143)
  process.on('SIGINT', interrupted)
  process.on('SIGTERM', interrupted)
  try {
    await run(argv, () => {
      isDaemon = true
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
    })
  } catch (error) {
    process.exitCode = reportError(error, argv.includes('--json') || argv.includes('--jsonl'))
  }
}

async function run(argv: string[], takeSignals: () => void): Promise<void> {
  refuseLostFolder()
  const { showHelp, showCommandHelp } = await import('./help/help.ts')
  const words = argv.filter((word) => word !== '--help' && word !== '-h')
  const wantsHelp = words.length < argv.length
  if (words.length === 0) return await showHelp()
  const found = commandFor(words)
  if (!found) {
    if (wantsHelp || words[0] === 'help') return await showHelp(words.filter((word) => word !== 'help'))
    return await refuse(words)
  }
  const Command = await found.load()
  if (wantsHelp) return await showCommandHelp(found.id, Command)
  const { runCommand } = await import('./oclif-command.ts')
  await runCommand(Command, found, takeSignals)
}

/** The search for a configuration needs the current folder, and Node throws if it was deleted. */
function refuseLostFolder(): void {
  try {
    process.cwd()
  } catch (cause) {
    throw new AuthdError('NO_INPUT', {
      message: 'The current folder was deleted.',
      suggestions: ['cd /'],
      cause,
    })
  }
}

/** `users` alone shows its commands. Any other unknown command is an error with the closest name. */
async function refuse(words: string[]): Promise<void> {
  const { isTopic, nearestCommand } = await import('./help/command-for.ts')
  const { showHelp } = await import('./help/help.ts')
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
