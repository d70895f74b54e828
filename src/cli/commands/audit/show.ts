import { Args } from '@oclif/core'
import { showAudit } from '../../../flows/audit/audit.ts'
import { presentEvent } from '../../../resources/audit-event.ts'
import { eventCard, eventLine } from '../../audit/event-line.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'

export default operation({
  examples: ['authd audit show evt_01m88jw08vedqtrgrr9eqkmg57'],
  args: {
    id: completing(
      'events',
      Args.string({
        required: true,
        description: 'Event ids, as `authd audit list` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  async run(deps, { each, out }) {
    const moment = (time: string) => out.moment(time)
    const found = await each((id) => showAudit(deps, id))
    out.found(
      found.map((shown) => {
        const event = presentEvent(shown.event)
        const request = shown.request.map(presentEvent)
        const others = request.map((other) => eventLine(other, moment))
        return {
          value: { ...event, request },
          lines: [...eventCard(event, moment), ...(others.length > 0 ? ['', 'In the same request:', ...others] : [])],
        }
      }),
    )
  },
})
