import { Args } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { OperatorCommand } from '../../command.ts'
import { eventLine } from '../../event-line.ts'
import { renderCard } from '../../table.ts'

export default class AuditShow extends OperatorCommand {
  static override summary = 'One event, and what else happened in its request.'
  static override examples = ['authd audit show evt_01m88jw08vedqtrgrr9eqkmg57']
  static override args = { id: Args.string({ required: true, description: 'Its id, from audit list.' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditShow)
    const { showAudit } = await import('../../../flows/audit.ts')
    const found = await this.withDeps(flags, (deps) => showAudit(deps, args.id))
    const event = presentEvent(found.event)
    const request = found.request.map(presentEvent)
    const out = this.output(flags)
    out.object({ ...event, request }, [
      ...renderCard([
        ['event', `${event.event_type}  ${event.outcome}`],
        ['id', `${event.id}  number ${event.seq ?? 'not given yet'}`],
        ['time', event.time],
        ['about', [event.email, event.user_id].filter((part) => part !== null).join('  ') || null],
        ['by', event.actor],
        ['from', [event.ip, event.user_agent].filter((part) => part !== null).join('  ') || null],
        ['session', event.session_id],
        ['request', event.request_id],
        ...Object.entries(event.metadata).map(([name, value]): [string, string] => [
          name,
          typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ]),
      ...(request.length > 0 ? ['', 'In the same request:', ...request.map((other) => `  ${eventLine(other)}`)] : []),
    ])
  }
}
