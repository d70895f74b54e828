import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { formatTextProblems, inspectTexts } from '../../../startup/live-texts.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { WITHOUT } from '../../flags.ts'
import { counted } from '../../output/count.ts'

export default command({
  without: WITHOUT.database,
  examples: ['authd templates check', 'authd templates check --dir ./templates --locales ./locales'],
  flags: {
    dir: completing('files', Flags.string({ description: 'Folder with templates. Overrides mail.templates_dir.' })),
    locales: completing('files', Flags.string({ description: 'Folder with texts. Overrides app.locales_dir.' })),
  },
  async run({ flags, out, loadConfig }) {
    const { config } = await loadConfig()
    const { files, problems, warnings } = await inspectTexts(config, { templates: flags.dir, locales: flags.locales })
    const result = { ok: problems.length === 0, files, problems, warnings }
    const doubts = formatTextProblems(warnings).map((text) => `warning: ${text}`)
    if (result.ok) {
      const places = [flags.dir ?? config.mail.templatesDir, flags.locales ?? config.app.localesDir].join(' and ')
      const found = files.length === 0 ? 'no overrides' : `${files.length} override files`
      return out.object(result, [...doubts, `ok  ${found} in ${places}`])
    }
    if (flags.json) out.object(result, [])
    throw new AuthdError('VALIDATION_ERROR', {
      lines: [`${counted(problems.length, 'problem')} found.`, ...formatTextProblems(problems)],
    })
  },
})
