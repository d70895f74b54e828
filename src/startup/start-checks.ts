import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '../config/schema.ts'
import { AuthdError } from '../errors.ts'
import type { Check } from '../flows/operator/doctor-database.ts'
import { formatTextProblems, inspectTexts } from './live-texts.ts'
import { logFileFault } from './open-log.ts'
import { readLongSecret } from './server-secret.ts'

/**
 * What a start needs beside a valid configuration, in its order. `serve` refuses to start for these faults, and
 * `config check` and `doctor` name them. `run` throws an AuthdError, or says what it found.
 */
const START_CHECKS: { check: string; run(config: Config): string | Promise<string> }[] = [
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
export async function refuseStartFaults(config: Config): Promise<void> {
  for (const { run } of START_CHECKS) await run(config)
}

/** What each of them finds. */
export async function startChecks(config: Config): Promise<Check[]> {
  const checks: Check[] = []
  for (const { check, run } of START_CHECKS) {
    try {
      checks.push({ check, status: 'ok', detail: await run(config) })
    } catch (error) {
      checks.push(failedCheck(check, error))
    }
  }
  return checks
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

/** A failure that has a sentence and a next step, as a line. */
export function failedCheck(check: string, error: unknown): Check {
  if (!(error instanceof AuthdError)) throw error
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
