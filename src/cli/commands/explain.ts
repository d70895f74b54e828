import { Flags } from '@oclif/core'
import { explainSignIn } from '../../flows/operator/explain.ts'
import { operation } from '../command.ts'
import { usersArg } from '../flags.ts'

export default operation({
  without: ['time'],
  examples: ['authd explain ada@example.com --ip 203.0.113.9'],
  args: usersArg,
  takesMany: 'known',
  flags: { ip: Flags.string({ description: 'IP address of the request.' }) },
  async run(deps, { flags, each, out }) {
    const explained = await each((name) => explainSignIn(deps, name, { ip: flags.ip }))
    out.found(explained.map((explanation) => ({ value: explanation, lines: linesOf(explanation) })))
    if (explained.some(({ verdict }) => verdict === 'cannot')) process.exitCode = 1
  },
})

function linesOf({ verdict, email, checks }: Awaited<ReturnType<typeof explainSignIn>>): string[] {
  const lines = checks.flatMap(({ id, status, detail, fix }) => [
    `${status.padEnd(4)}  ${id.padEnd(12)}  ${detail}`,
    ...(fix === undefined ? [] : [`      Try: ${fix}`]),
  ])
  return [`${email} ${verdict} sign in`, ...lines]
}
