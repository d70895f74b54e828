import { Args } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { eventCard, eventLine } from '../../audit/event-line.ts'
import { OperatorCommand } from '../../command.ts'

export default class AuditShow extends OperatorCommand {
  static override summary = 'One event, and what else happened in its request.'
  static override examples = ['authd audit show evt_01m88jw08vedqtrgrr9eqkmg57']
  static override args = { id: Args.string({ required: true, description: 'Its id, from audit list.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditShow)
    const { showAudit } = await import('../../../flows/audit/audit.ts')
    const found = await this.withDeps(flags, (deps) => showAudit(deps, args.id))
    const event = presentEvent(found.event)
    const request = found.request.map(presentEvent)
    const out = this.output(flags)
    out.object({ ...event, request }, [
      ...eventCard(event),
      ...(request.length > 0 ? ['', 'In the same request:', ...request.map((other) => `  ${eventLine(other)}`)] : []),
    ])
  }
}
