import { Args, Flags } from '@oclif/core'
import { explainSignIn } from '../../flows/operator/explain.ts'
import { operation } from '../command.ts'
import { completing } from '../completion/offer.ts'

export default operation({
  without: ['time'],
  examples: ['authd explain ada@example.com --ip 203.0.113.9'],
  args: { user: completing('users', Args.string({ required: true, description: 'E-mail address or user id.' })) },
  flags: { ip: Flags.string({ description: 'IP address of the request.' }) },
  async run(deps, { args, flags, out }) {
    const explanation = await explainSignIn(deps, args.user, { ip: flags.ip })
    const { verdict, email, checks } = explanation
    const lines = checks.flatMap(({ id, status, detail, fix }) => [
      `${status.padEnd(4)}  ${id.padEnd(12)}  ${detail}`,
      ...(fix === undefined ? [] : [`      Try: ${fix}`]),
    ])
    out.object(explanation, [`${email} ${verdict} sign in`, ...lines])
    if (verdict === 'cannot') process.exitCode = 1
  },
})
