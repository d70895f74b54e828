import { Args } from '@oclif/core'
import { showSession } from '../../../flows/sessions/session-admin.ts'
import { presentSession } from '../../../resources/session.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { renderCard } from '../../output/card.ts'

export default operation({
  examples: ['authd sessions show ses_01m88jw08vedqtrgrr9eqkmg57'],
  args: { id: completing('sessions', Args.string({ required: true, description: 'Session id, from sessions list.' })) },
  async run(deps, { args, out }) {
    const session = presentSession(await showSession(deps, args.id))
    const revoked = session.revoked
      ? `revoked ${out.time(session.revoked_at)} by ${session.revoked_by}: ${session.revoked_reason}`
      : 'not revoked'
    out.object(
      session,
      renderCard([
        ['session', session.id],
        ['user', `${session.email}  ${session.user_id}`],
        ['state', revoked],
        ['method', `${session.amr.join(' + ')} (AAL ${session.aal}), delivered as ${session.delivery}`],
        ['device', session.device],
        ['ip', session.ip],
        ['created', out.time(session.created_at)],
        ['last seen', out.time(session.last_seen_at)],
        ['expires', out.time(session.expires_at)],
        ['refreshes', String(session.refresh_generation)],
      ]),
    )
  },
})
