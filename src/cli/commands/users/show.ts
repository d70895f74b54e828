import { Args, Flags } from '@oclif/core'
import { presentEvent } from '../../../resources/audit-event.ts'
import { presentSession } from '../../../resources/session.ts'
import { presentUser } from '../../../resources/user.ts'
import { OperatorCommand } from '../../command.ts'
import { eventLine } from '../../event-line.ts'
import { renderCard } from '../../table.ts'

export default class UsersShow extends OperatorCommand {
  static override summary = 'One person: sessions, last events.'
  static override examples = ['authd users show ada@example.com', 'authd users show usr_01m88j --json']
  static override args = {
    user: Args.string({ required: true, description: 'E-mail address, id, or the start of an id.' }),
  }
  static override flags = {
    events: Flags.integer({ default: 10, min: 0, max: 1000, description: 'How many of the last events.' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UsersShow)
    const { showUser } = await import('../../../flows/user.ts')
    const found = await this.withDeps(flags, (deps) => showUser(deps, args.user, flags.events))
    const user = presentUser(found.user)
    const sessions = found.sessions.map(presentSession)
    const events = found.events.map(presentEvent)
    const out = this.output(flags)
    const shown = sessions.map(
      ({ device, ip, last_seen_at }) => `${device ?? 'unknown device'} ${ip ?? ''} (${out.time(last_seen_at)})`,
    )
    out.object({ ...user, sessions, events }, [
      `${user.name ?? user.email} <${user.email}>  ${user.id}`,
      ...renderCard([
        ['status', user.status + (user.disabled_reason ? `: ${user.disabled_reason}` : '')],
        ['address', user.email_verified ? 'proven' : 'not proven yet'],
        ['created', out.time(user.created_at)],
        ['last seen', user.last_seen_at === null ? 'never' : out.time(user.last_seen_at)],
        ['sessions', `${sessions.length}${shown.length > 0 ? `  ${shown.join(' · ')}` : ''}`],
      ]),
      ...(events.length > 0 ? ['', 'Last events'] : []),
      ...events.map((event) => eventLine(event)),
    ])
  }
}
