import { BUILD } from '../build-info.ts'
import { AuthdError } from '../errors.ts'
import { commandFor, namedWords } from './help/command-for.ts'
import { cleanText, print } from './output/clean.ts'
import { endWithoutOutput, isOutputError, outputFailed } from './output/failed.ts'
import { Interrupted } from './output/interrupted.ts'
import { reportError } from './output/report.ts'

/** Runs one command line. Sets `process.exitCode`; never throws. */
export async function main(argv: string[]): Promise<void> {
  // Some libraries throw at import without a HOME or a passwd entry, as in containers.
  process.env['HOME'] ??= '/'
  process.env['SHELL'] ??= '/bin/sh'
  let isDaemon = false
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A daemon keeps serving: its log counts the lines that it loses.
      if (!isDaemon) endWithoutOutput(error)
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
    if (error instanceof Interrupted) {
      process.exitCode = 130
      return
    }
    const isJson = argv.includes('--json') || argv.includes('--jsonl')
    process.exitCode = reportError(isOutputError(error) ? outputFailed(error) : error, isJson)
  }
}

async function run(argv: string[], takeSignals: () => void): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    print(process.stdout, cleanText(`authd ${BUILD.version}\n`))
    return
  }
  // A single file starts itself to read a backup in a separate process.
  if (argv.length === 1 && argv[0] === '--inspect-copy') {
    const { inspectFromStdin } = await import('../startup/inspection-worker.ts')
    return await inspectFromStdin()
  }
  if (argv[0] === '__complete') {
    const { complete } = await import('./completion/complete.ts')
    return await complete(argv.slice(1))
  }
  refuseLostFolder()
  const { showHelp, showCommandHelp } = await import('./help/help.ts')
  const words = argv.filter((word) => word !== '--help' && word !== '-h')
  const wantsHelp = words.length < argv.length
  if (words.length === 0) return await showHelp()
  const found = commandFor(words)
  if (!found) {
    const names = namedWords(words)
    if (wantsHelp || names[0] === 'help') return await showHelp(names.filter((word) => word !== 'help'))
    const { refuseUnknownCommand } = await import('./help/unknown-command.ts')
    return await refuseUnknownCommand(words)
  }
  if (wantsHelp) return await showCommandHelp(found.id)
  const Command = await found.load()
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
