import { Args } from '@oclif/core'
import { inspectConfig } from '../../../config/load.ts'
import { formatProblems, type Problem } from '../../../config/problem.ts'
import { referenceFor } from '../../../config/reference.ts'
import { AuthdError } from '../../../errors.ts'
import type { Check } from '../../../flows/operator/doctor-database.ts'
import { inspectTexts, type TextProblem } from '../../../startup/live-texts.ts'
import { startChecks } from '../../../startup/start-checks.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { refuseFlags } from '../../flags.ts'
import { becomeOwner } from '../../privileges.ts'
import { readStdin } from '../../stdin.ts'

export default command({
  without: ['verbose', 'timeout'],
  examples: ['authd config check', 'authd config check ./config.toml --json'],
  args: { file: completing('files', Args.string({ description: 'Configuration file; - reads stdin.' })) },
  async run({ args, flags, out }) {
    if (args.file !== undefined) refuseFlags(flags, ['config'], 'the argument names the file already.')
    const configPath = args.file ?? flags.config
    const stdin = configPath === '-' ? await readStdin() : undefined
    const inspect = () => inspectConfig({ env: process.env, configPath, stdin, checksFiles: true })
    const asCaller = inspect()
    // The service's user must be able to read the same files.
    if (asCaller.problems.length === 0) becomeOwner(asCaller.config.dataDir)
    const { config, path, ...found } = asCaller.problems.length === 0 ? inspect() : asCaller
    const isValid = found.problems.length === 0
    const faults = (isValid ? await startChecks(config) : []).filter(({ status }) => status === 'wrong')
    const texts = isValid ? await inspectTexts(config) : { problems: [], warnings: [] }
    const problems = [...found.problems, ...faults.map(ofStart), ...texts.problems.map(ofTexts)]
    const warnings = [...found.warnings, ...texts.warnings.map(ofTexts)]
    const { sources } = found
    const where = path ?? 'no file, environment only'
    if (problems.length === 0) {
      const count = [...sources.values()].filter(({ kind }) => kind !== 'default').length
      const lines = [...warnings.map(({ message }) => `warning: ${message}`), `ok  ${where} (${count} keys set)`]
      return out.object({ ok: true, path: path ?? null, errors: [], warnings }, lines)
    }
    if (flags.json) out.object({ ok: false, path: path ?? null, errors: problems, warnings }, [])
    throw new AuthdError('CONFIG_INVALID', {
      lines: [`${path ?? 'The configuration from the environment'} is not valid.`, ...formatProblems(problems)],
      suggestions: [referenceFor(problems)],
    })
  },
})

/** What keeps a daemon from starting. */
function ofStart({ detail, fix }: Check): Problem {
  return { key: '', message: detail.replace(/\.$/, ''), ...(fix !== undefined && { suggestion: `Run ${fix}` }) }
}

/** A template or a sentence that is wrong, as the start would say it. */
function ofTexts({ path, line, message, suggestion }: TextProblem): Problem {
  const at = { path, ...(line !== undefined && { line }), ...(suggestion !== undefined && { suggestion }) }
  return { key: 'mail.templates_dir', message, ...at }
}
