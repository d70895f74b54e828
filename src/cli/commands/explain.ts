import { Args, Flags } from '@oclif/core'
import { OperatorCommand } from '../command.ts'

export default class Explain extends OperatorCommand {
  static override summary =
    'Why somebody can or cannot sign in, and the command that helps. Exit code 1 if they cannot.'
  static override examples = ['authd explain ada@example.com --ip 203.0.113.9']
  static override args = { user: Args.string({ required: true, description: 'E-mail address or id.' }) }
  static override flags = { ip: Flags.string({ description: 'Where they come from.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain)
    const { explainSignIn } = await import('../../flows/operator/explain.ts')
    await this.withDeps(flags, async (deps) => {
      const explanation = await explainSignIn(deps, args.user, { ip: flags.ip })
      const { verdict, email, checks } = explanation
      const lines = checks.flatMap(({ id, status, detail, fix }) => [
        `${status.padEnd(4)}  ${id.padEnd(12)}  ${detail}`,
        ...(fix === undefined ? [] : [`      Try: ${fix}`]),
      ])
      this.output(flags).object(explanation, [`${email} ${verdict} sign in`, ...lines])
      if (verdict === 'cannot') process.exitCode = 1
    })
  }
}
