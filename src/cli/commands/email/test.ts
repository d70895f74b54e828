import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { parseEmailAddress } from '../../../platform/email-address.ts'
import { OperatorCommand } from '../../command.ts'

export default class EmailTest extends OperatorCommand {
  static override summary = 'Send a test mail, and say how far it got.'
  static override examples = ['authd email test you@example.com', 'authd email test you@example.com --lang de --json']
  static override args = { to: Args.string({ required: true, description: 'Where to send it.' }) }
  static override flags = { lang: Flags.string({ default: 'en', description: 'Language of the mail.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(EmailTest)
    const email = parseEmailAddress(args.to)
    if (!email)
      throw new AuthdError('VALIDATION_ERROR', { message: `"${args.to}" is no e-mail address: write name@example.com` })
    const { testMail } = await import('../../mail-test.ts')
    const out = this.output(flags)
    await this.withDeps(flags, async (deps) => {
      const result = await testMail(deps, { to: email.canonical, lang: flags.lang })
      const steps = result.steps.map(
        ({ step, is_ok, answer }) => `${step.padEnd(9)} ${is_ok ? 'ok  ' : 'FAIL'}  ${answer}`,
      )
      out.object(result, steps)
      if (!result.accepted) process.exitCode = result.exit_code
    })
  }
}
