import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { previewOf } from '../../../startup/mailer.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { langFlag, refuseFlags, WITHOUT } from '../../flags.ts'
import { formatOf, newFile, writing } from '../../new-file.ts'

export default command({
  without: WITHOUT.database,
  examples: [
    'authd email preview signin',
    'authd email preview invitation --lang de --format html -o invitation.html',
    'authd email preview signin --format raw',
  ],
  args: {
    template: completing(
      'mail-names',
      Args.string({ required: true, description: 'Mail to show: signin, invitation, …' }),
    ),
  },
  flags: {
    lang: completing('languages', langFlag({ description: 'Language of the mail, such as de.' })),
    format: Flags.string({
      options: ['html', 'text', 'raw'],
      description:
        'The HTML part, the text part, or the whole mail as sent (raw). Defaults to the ending of the file, else text.',
    }),
    output: completing('files', Flags.string({ char: 'o', description: 'Write to this new file instead of stdout.' })),
  },
  async run({ args, flags, out, loadConfig }) {
    const endings = { html: 'html', txt: 'text', eml: 'raw' } as const
    const format = formatOf<'html' | 'text' | 'raw'>(flags, { endings, usual: 'text' })
    if (flags.output !== undefined) refuseFlags(flags, WITHOUT.results, 'with -o the mail is written as it is.')
    const { config } = await loadConfig()
    const { subject, html, text, raw } = await previewOf(config, { template: args.template, lang: flags.lang }).catch(
      asInputError,
    )
    const shown = { html, raw, text: `Subject: ${subject}\n\n${text}` }[format]
    if (flags.output === undefined) return out.document({ template: args.template, subject, html, text, raw }, shown)
    const file = newFile(flags.output)
    await writing(file, () => file.append(shown))
    out.hint(`Wrote ${flags.output}.`)
  },
})

/** A preview is about the template, so its errors are not configuration errors. */
function asInputError(error: unknown): never {
  if (error instanceof AuthdError && error.code === 'CONFIG_INVALID') {
    throw new AuthdError('VALIDATION_ERROR', { message: error.message, suggestions: error.suggestions, cause: error })
  }
  throw error
}
