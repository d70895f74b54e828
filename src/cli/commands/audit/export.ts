import { Flags } from '@oclif/core'
import { followAudit } from '../../../flows/audit/audit.ts'
import { presentEvent } from '../../../resources/audit-event.ts'
import { auditFlags, auditQuery } from '../../audit/filter.ts'
import { AUDIT_FORMATS, type AuditFormat } from '../../audit/format.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { WITHOUT } from '../../flags.ts'
import { formatOf, newFile, writing } from '../../new-file.ts'
import { counted } from '../../output/count.ts'

const BATCH = 500

export default operation({
  without: WITHOUT.results,
  examples: [
    'authd audit export --since 30d -o november.jsonl',
    'authd audit export --format csv --user ada@example.com > ada.csv',
  ],
  flags: {
    format: Flags.string({
      options: Object.keys(AUDIT_FORMATS),
      description: 'File format. Defaults to the ending of the file, else jsonl.',
    }),
    output: completing(
      'files',
      Flags.string({ char: 'o', description: 'Write to this new file instead of stdout. Only you can read it.' }),
    ),
    ...auditFlags,
  },
  prepare({ flags }) {
    const format = formatOf<AuditFormat>(flags, { endings: { jsonl: 'jsonl', csv: 'csv', cef: 'cef' }, usual: 'jsonl' })
    return { format, file: flags.output === undefined ? undefined : newFile(flags.output) }
  },
  async run(deps, { flags, out }, { format, file }) {
    const { head, line } = AUDIT_FORMATS[format]
    const write = (lines: string[]) => {
      if (lines.length === 0) return
      if (file === undefined) out.lines(lines)
      else file.append(`${lines.join('\n')}\n`)
    }
    await writing(file, async () => {
      const filter = await auditQuery(deps, flags)
      let count = 0
      write(head)
      for (let after = 0, isMore = true; isMore; ) {
        const read = await followAudit(deps, filter, { after, limit: BATCH })
        write(read.events.map((event) => line(presentEvent(event))))
        count += read.events.length
        after = read.after
        isMore = read.isMore
      }
      out.hint(`Exported ${counted(count, 'event')}${flags.output === undefined ? '' : ` to ${flags.output}`}.`)
    })
  },
})
