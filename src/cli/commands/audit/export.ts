import { closeSync, writeFileSync } from 'node:fs'
import { Flags } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { auditFlags, auditQuery } from '../../audit/filter.ts'
import { AUDIT_FORMATS, type AuditFormat } from '../../audit/format.ts'
import { OperatorCommand } from '../../command.ts'
import { openNewFile } from '../../new-file.ts'

const BATCH = 500

export default class AuditExport extends OperatorCommand {
  static override summary = 'The log as a file, oldest first: JSON lines, CSV, or CEF for a SIEM.'
  static override examples = [
    'authd audit export --since 30d -o november.jsonl',
    'authd audit export --format csv --user ada@example.com > ada.csv',
  ]
  static override flags = {
    format: Flags.string({ options: Object.keys(AUDIT_FORMATS), default: 'jsonl', description: 'How.' }),
    output: Flags.string({ char: 'o', description: 'A new file, readable by you alone; without it, stdout.' }),
    ...auditFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(AuditExport)
    const { followAudit } = await import('../../../flows/audit/audit.ts')
    const out = this.output(flags)
    const { head, line } = AUDIT_FORMATS[flags.format as AuditFormat]
    const file = flags.output === undefined ? undefined : openNewFile(flags.output)
    const write = (lines: string[]) => {
      if (lines.length === 0) return
      if (file === undefined) out.text(lines.join('\n'))
      else writeFileSync(file, `${lines.join('\n')}\n`)
    }
    try {
      const count = await this.withDeps(flags, async (deps) => {
        const filter = await auditQuery(deps, flags)
        let written = 0
        write(head)
        for (let after = 0; ; ) {
          const page = await followAudit(deps, filter, { after, limit: BATCH })
          write(page.events.map((event) => line(presentEvent(event))))
          written += page.events.length
          if (!page.isMore) return written
          after = page.after
        }
      })
      out.hint(`${count} events${flags.output === undefined ? '' : ` in ${flags.output}`}.`)
    } finally {
      if (file !== undefined) closeSync(file)
    }
  }
}
