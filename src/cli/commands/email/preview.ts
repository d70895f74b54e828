import { closeSync, writeFileSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { previewOf } from '../../../startup/mail.ts'
import { command } from '../../command.ts'
import { openNewFile } from '../../new-file.ts'

export default command({
  examples: [
    'authd email preview signin',
    'authd email preview invitation --lang de --format html -o invitation.html',
    'authd email preview signin --format raw',
  ],
  args: { template: Args.string({ required: true, description: 'The mail: signin, invitation, …' }) },
  flags: {
    lang: Flags.string({ default: 'en', description: 'Language of the mail.' }),
    format: Flags.string({
      options: ['html', 'text', 'raw'],
      default: 'text',
      description: 'Which part, or all of it.',
    }),
    output: Flags.string({ char: 'o', description: 'A new file; without it, stdout.' }),
  },
  async run({ args, flags, out, loadConfig }) {
    const { config } = await loadConfig()
    const { subject, html, text, raw } = await previewOf(config, { template: args.template, lang: flags.lang }).catch(
      asInputError,
    )
    if (flags.json || flags.jsonl) return out.object({ template: args.template, subject, html, text, raw }, [])
    const shown = { html, raw, text: `Subject: ${subject}\n\n${text}` }[flags.format] ?? ''
    if (flags.output === undefined) return out.text(shown)
    const file = openNewFile(flags.output)
    try {
      writeFileSync(file, shown)
    } finally {
      closeSync(file)
    }
    out.hint(`The mail ${args.template} is in ${flags.output}.`)
  },
})

/** Whoever looks at a mail asks about the template, not about the configuration. */
function asInputError(error: unknown): never {
  if (error instanceof AuthdError && error.code === 'CONFIG_INVALID') {
    throw new AuthdError('VALIDATION_ERROR', { message: error.message, suggestions: error.suggestions, cause: error })
  }
  throw error
}
