import { Args } from '@oclif/core'
import type { Sentences } from '../../../platform/texts/templates.ts'
import { builtInTexts } from '../../../platform/texts/texts.ts'
import { inspectTexts } from '../../../startup/live-texts.ts'
import { command } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { langFlag, WITHOUT } from '../../flags.ts'
import type { Column } from '../../output/column.ts'

interface Row {
  key: string
  /** As in a file of the operator. */
  sentence: Sentences[string]
  is_own: boolean
}

const COLUMNS: Column<Row>[] = [
  { header: 'KEY', value: ({ key }) => key },
  { header: 'OWN', value: ({ is_own }) => (is_own ? 'yes' : '') },
  {
    header: 'SENTENCE',
    isText: true,
    value: ({ sentence }) => (typeof sentence === 'string' ? sentence : JSON.stringify(sentence)),
  },
]

export default command({
  hasColumns: true,
  without: WITHOUT.database,
  examples: ['authd templates sentences mail.signin', 'authd templates sentences --lang de --json'],
  args: { search: Args.string({ description: 'Show only sentences whose key or text contains this word.' }) },
  flags: { lang: completing('languages', langFlag({ description: 'Language, such as de.' })) },
  async run({ args, flags, out, loadConfig }) {
    const { config } = await loadConfig()
    const { texts } = await inspectTexts(config)
    const { lang } = flags
    const ours = builtInTexts().locales[lang] ?? {}
    const wanted = args.search?.toLowerCase() ?? ''
    const rows = Object.entries(texts.locales[lang] ?? {})
      .map(([key, sentence]) => ({ key, sentence, is_own: JSON.stringify(sentence) !== JSON.stringify(ours[key]) }))
      .filter(({ key, sentence }) => `${key} ${JSON.stringify(sentence)}`.toLowerCase().includes(wanted))
    out.list(rows, COLUMNS)
  },
})
