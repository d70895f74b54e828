import { Args } from '@oclif/core'
import { inspectConfig } from '../../../config/load.ts'
import { formatProblems } from '../../../config/problem.ts'
import { referenceFor } from '../../../config/reference.ts'
import { AuthdError } from '../../../errors.ts'
import { command } from '../../command.ts'
import { readStdin } from '../../stdin.ts'

export default command({
  examples: ['authd config check', 'authd config check ./config.toml --json'],
  args: { file: Args.string({ description: 'Configuration file; - reads stdin.' }) },
  async run({ args, flags, out }) {
    const configPath = args.file ?? flags.config
    const stdin = configPath === '-' ? await readStdin() : undefined
    const { path, problems, warnings, sources } = inspectConfig({ env: process.env, configPath, stdin })
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
