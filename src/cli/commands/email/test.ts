import { Args, Flags } from '@oclif/core'
import { queueSampleMail } from '../../../flows/outbox/mail-sending.ts'
import { sampleValues } from '../../../startup/mailer.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { parseEmail } from '../../emails.ts'
import { langFlag } from '../../flags.ts'
import { type MailTest, testMail } from '../../mail-test.ts'

export default operation({
  description:
    'Exit codes: 69 mail server unreachable, 77 authentication failed, 75 temporary failure, 1 rejected. DNS results do not change the exit code.',
  examples: [
    'authd email test you@example.com',
    'authd email test you@example.com --template invitation --lang de --transcript',
    'authd email test you@example.com --queue',
  ],
  args: { to: Args.string({ required: true, description: 'E-mail address of the recipient.' }) },
  flags: {
    lang: completing('languages', langFlag({ description: 'Language of the mail, such as de.' })),
    template: completing(
      'mail-names',
      Flags.string({
        default: 'test',
        description: 'Send this mail with sample values: signin, invitation, …',
      }),
    ),
    transcript: Flags.boolean({ description: 'Print the SMTP conversation, without passwords.' }),
    queue: Flags.boolean({ description: 'Put it in the queue of the daemon.' }),
  },
  prepare: ({ args }) => parseEmail(args.to).canonical,
  async run(deps, { flags, out }, to) {
    const { lang, template } = flags
    if (flags.queue) {
      const id = await queueSampleMail(deps, { to, lang, ...sampleValues(template) })
      out.object({ message_id: id, queued: true }, [`Queued ${id}. See: authd email queue`])
      return
    }
    const result = await testMail(deps, { to, lang, template })
    out.object(result, [...(flags.transcript ? [...result.transcript, ''] : []), ...linesOf(result)])
    if (!result.accepted) process.exitCode = result.exit_code
  },
})

const MARKS = { ok: 'ok  ', warn: 'warn', unknown: '?   ' }

function linesOf({ steps, alignment }: MailTest): string[] {
  return [
    ...steps.map(({ step, is_ok, answer }) => `${step.padEnd(9)} ${is_ok ? 'ok  ' : 'FAIL'}  ${answer}`),
    ...alignment.flatMap(({ check, status, answer, publish }) => [
      `${check.padEnd(9)} ${MARKS[status]}  ${answer}`,
      ...(publish === undefined ? [] : [`publish: ${publish}`]),
    ]),
  ]
}
