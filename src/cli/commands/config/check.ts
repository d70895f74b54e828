import { readFileSync } from 'node:fs'
import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { OperatorCommand } from '../../command.ts'

export default class ConfigCheck extends OperatorCommand {
  static override summary = 'Is the configuration right? Every problem with its line and what to write instead.'
  static override examples = ['authd config check', 'authd config check ./config.toml --json']
  static override args = { file: Args.string({ description: 'Another file; - for stdin.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ConfigCheck)
    const { inspectConfig } = await import('../../../config/load.ts')
    const { formatProblems } = await import('../../../config/problem.ts')
    const configPath = args.file ?? flags.config
    const stdin = configPath === '-' ? readFileSync(0, 'utf8') : undefined
    const { path, problems, warnings, sources } = inspectConfig({ env: process.env, configPath, stdin })
    const where = path ?? 'no file, environment only'
    if (problems.length === 0) {
      const count = [...sources.values()].filter(({ kind }) => kind !== 'default').length
      const lines = [...warnings.map(({ message }) => `warning: ${message}`), `ok  ${where} (${count} keys set)`]
      return this.output(flags).object({ ok: true, path: path ?? null, errors: [], warnings }, lines)
    }
    if (flags.json) this.output(flags).object({ ok: false, path: path ?? null, errors: problems, warnings }, [])
    throw new AuthdError('CONFIG_INVALID', {
      message: `${where} is not valid.\n${formatProblems(problems)}`,
      suggestions: [`authd config reference ${problems[0]?.key ?? ''}`.trim()],
    })
  }
}
