import { Args } from '@oclif/core'
import { showAudit } from '../../../flows/audit/audit.ts'
import { presentEvent } from '../../../resources/audit-event.ts'
import { eventCard, eventLine } from '../../audit/event-line.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'

export default operation({
  examples: ['authd audit show evt_01m88jw08vedqtrgrr9eqkmg57'],
  args: { id: completing('events', Args.string({ required: true, description: 'Event id, from audit list.' })) },
  async run(deps, { args, out }) {
    const found = await showAudit(deps, args.id)
    const event = presentEvent(found.event)
    const request = found.request.map(presentEvent)
    const moment = (time: string) => out.moment(time)
    out.object({ ...event, request }, [
      ...eventCard(event, moment),
      ...(request.length > 0 ? ['', 'In the same request:', ...request.map((other) => eventLine(other, moment))] : []),
    ])
  },
})
