import { getSystemErrorMessage } from 'node:util'
import { BUILD } from '../build-info.ts'
import { AuthdError } from '../errors.ts'
import { shell } from '../platform/shell.ts'
import { commandFor } from './help/command-for.ts'
import { cleanText, print } from './output/clean.ts'
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
    const isJson = argv.includes('--json') || argv.includes('--jsonl')
    process.exitCode = reportError(isOutputError(error) ? outputFailed(error) : error, isJson)
  }
}

/** `| head` closes the pipe, and that is not an error. A full disk is. */
function endWithoutOutput(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? 0 : reportError(outputFailed(error), false))
}

/** A stream that is a file throws. */
function isOutputError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && error.syscall === 'write'
}

function outputFailed(error: NodeJS.ErrnoException): AuthdError {
  const reason = error.errno === undefined ? error.message : getSystemErrorMessage(error.errno)
  return new AuthdError('OUTPUT_FAILED', { message: `The output could not be written: ${reason}.`, cause: error })
}

async function run(argv: string[], takeSignals: () => void): Promise<void> {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    print(process.stdout, cleanText(`authd ${BUILD.version}\n`))
    return
  }
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
