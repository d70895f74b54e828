import { Args } from '@oclif/core'
import { showSession } from '../../../flows/sessions/session-admin.ts'
import { presentSession, type SessionResource } from '../../../resources/session.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { renderCard } from '../../output/card.ts'
import type { Line } from '../../output/clean.ts'
import type { Output } from '../../output/output.ts'

export default operation({
  examples: ['authd sessions show ses_01m88jw08vedqtrgrr9eqkmg57'],
  args: {
    id: completing(
      'sessions',
      Args.string({
        required: true,
        description: 'Session ids, as `authd sessions list` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  async run(deps, { each, out }) {
    const sessions = await each(async (id) => presentSession(await showSession(deps, id)))
    out.found(sessions.map((session) => ({ value: session, lines: sessionCard(session, out) })))
  },
})

function sessionCard(session: SessionResource, out: Output): Line[] {
  const revoked = session.revoked
    ? `revoked ${out.time(session.revoked_at)} by ${session.revoked_by}: ${session.revoked_reason}`
    : 'not revoked'
  return renderCard([
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
  ])
}
