import { Args } from '@oclif/core'
import { inspectConfig } from '../../../config/load.ts'
import { formatProblems, type Problem } from '../../../config/problem.ts'
import { referenceFor } from '../../../config/reference.ts'
import { AuthdError } from '../../../errors.ts'
import { inspectTexts, type TextProblem } from '../../../startup/live-texts.ts'
import { startFaults } from '../../../startup/start-checks.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { refuseFlags } from '../../flags.ts'
import { readAsOwner } from '../../privileges.ts'
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
    const isReadable = asCaller.problems.length === 0
    const { config, path, ...found } = isReadable ? await readAsOwner(asCaller.config.dataDir, inspect) : asCaller
    const isValid = found.problems.length === 0
    const faults = isValid ? await startFaults(config) : []
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
    // A start ends with the same code: a fault of the configuration comes first.
    const written = problems.length - faults.length
    const [first] = written > 0 ? [] : faults
    const name = path ?? 'The configuration from the environment'
    throw new AuthdError(first?.code ?? 'CONFIG_INVALID', {
      lines: [
        first === undefined ? `${name} is not valid.` : `${name} is valid, but authd cannot start with it.`,
        ...formatProblems(problems),
      ],
      suggestions: [
        ...faults.flatMap(({ suggestions }) => suggestions.slice(0, 1)),
        ...(written > 0 ? [referenceFor(problems)] : []),
      ],
    })
  },
})

/** What keeps a daemon from starting. Its next step is a command. */
function ofStart({ message }: AuthdError): Problem {
  return { key: '', message }
}

/** A template or a sentence that is wrong, as the start would say it. */
function ofTexts({ path, line, message, suggestion }: TextProblem): Problem {
  const at = { path, ...(line !== undefined && { line }), ...(suggestion !== undefined && { suggestion }) }
  return { key: 'mail.templates_dir', message, ...at }
}
