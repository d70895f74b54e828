import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import type { Check } from '../flows/operator/doctor-database.ts'
import { toOperatorError } from '../flows/shown-error.ts'
import { formatTextProblems, inspectTexts } from './live-texts.ts'
import { logFileFault } from './open-log.ts'
import { readLongSecret, refuseLostSecret } from './server-secret.ts'

/**
 * What a start needs beside a valid configuration, in its order. `serve` refuses to start for these faults, and
 * `config check` and `doctor` name them. `run` throws an AuthdError, or says what it found. `ask` throws one for what only
 * the database knows: a start finds it when it opens the database, as the service's user.
 */
const START_CHECKS: { check: string; run(config: Config): string; ask?(config: Config): Promise<void> }[] = [
  {
    check: 'data folder',
    run({ dataDir }) {
      const fault = folderFault(dataDir)
      if (fault === undefined) return dataDir
      throw new AuthdError('NO_PERMISSION', {
        message: `data_dir: ${fault}.`,
        suggestions: ['authd config reference data_dir'],
      })
    },
  },
  {
    check: 'secret',
    run(config) {
      const secret = readLongSecret(config)
      if (config.secret !== undefined) return 'from the configuration'
      return secret === undefined ? `${config.secretFile} is created at the first start` : config.secretFile
    },
    ask: refuseLostSecret,
  },
  {
    check: 'log file',
    run({ log: { file } }) {
      const fault = file === undefined ? undefined : logFileFault(file)
      if (fault !== undefined) throw fault
      return file ?? 'standard output'
    },
  },
]

/** Throws the first fault for which a daemon could not start. */
export function refuseStartFaults(config: Config): void {
  for (const { run } of START_CHECKS) run(config)
}

/** All of these faults, in their order. The first is what a start would end with. */
export async function startFaults(config: Config): Promise<AuthdError[]> {
  const found = await Promise.all(START_CHECKS.map((check) => outcome(check, config)))
  return found.filter((one) => one instanceof AuthdError)
}

/** What each of them finds, as the lines of doctor. */
export async function startChecks(config: Config): Promise<Check[]> {
  const found = await Promise.all(START_CHECKS.map((check) => outcome(check, config)))
  return found.map((said, index) => {
    const check = START_CHECKS[index]?.check ?? ''
    return said instanceof AuthdError ? failedCheck(check, said) : { check, status: 'ok', detail: said }
  })
}

async function outcome({ run, ask }: (typeof START_CHECKS)[number], config: Config): Promise<string | AuthdError> {
  try {
    const said = run(config)
    await ask?.(config)
    return said
  } catch (error) {
    if (error instanceof AuthdError) return error
    throw error
  }
}

/** Templates and sentences, which a daemon checks while it loads them, and `config check` with their lines. */
export async function textChecks(config: Config): Promise<Check[]> {
  const { problems, warnings, files } = await inspectTexts(config)
  const check = 'templates'
  const fix = 'authd templates check'
  const lines = [
    ...formatTextProblems(problems).map((detail) => ({ check, status: 'wrong' as const, detail, fix })),
    ...formatTextProblems(warnings).map((detail) => ({ check, status: 'warn' as const, detail, fix })),
  ]
  return lines.length > 0 ? lines : [{ check, status: 'ok', detail: `${files.length} of your own` }]
}

/** A failure that has a sentence and a next step: a database that is away, a file that cannot be read. Throws a bug. */
export function failedCheck(check: string, thrown: unknown): Check {
  const error = toOperatorError(thrown)
  if (error.code === 'INTERNAL_ERROR') throw thrown
  const [fix] = error.suggestions
  return { check, status: 'wrong', detail: error.message.replaceAll('\n', ' '), ...(fix !== undefined && { fix }) }
}

/** Why a folder cannot be used, or be made. */
function folderFault(path: string): string | undefined {
  const place = statSync(path, { throwIfNoEntry: false })
  if (place === undefined) return existsSync(dirname(path)) ? unwritable(dirname(path)) : undefined
  return place.isDirectory() ? unwritable(path) : `${path} is not a folder`
}

function unwritable(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK)
    return undefined
  } catch {
    return `this user cannot write to ${folder}`
  }
}
