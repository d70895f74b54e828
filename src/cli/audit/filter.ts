import { Flags, type Interfaces } from '@oclif/core'
import type { Deps } from '../../deps.ts'
import type { AuditQuery } from '../../flows/audit/audit.ts'
import { resolveUser } from '../../flows/named-user.ts'
import { presentEvent } from '../../resources/audit-event.ts'
import { completing } from '../completion/offer.ts'
import { timeFlag } from '../flags.ts'
import { type EventStyle, eventText } from './event-line.ts'
import { lineFilter } from './grep.ts'

const OUTCOMES = ['success', 'failure'] as const

/** Flags that filter the audit log. */
export const auditFlags = {
  event: completing('event-types', Flags.string({ description: "Only these events: 'session.*,user.registered'." })),
  outcome: Flags.string({ options: [...OUTCOMES], description: 'Only events with this outcome.' }),
  user: completing('users', Flags.string({ description: 'Only events of this user: e-mail address or id.' })),
  ip: Flags.string({ description: 'Only events from this IP address or network.' }),
  actor: Flags.string({ description: "Only events by this actor: 'cli:*', 'user:usr_…'." }),
  'request-id': Flags.string({ description: 'Only events of this request.' }),
  grep: Flags.string({
    description: 'Only events whose line matches this regular expression. Lower case matches any case.',
  }),
  since: timeFlag({ description: 'Only events since this time: 15m (ago) or 2026-11-23.' }),
  until: timeFlag({ description: 'Only events before this time: 15m (ago) or 2026-11-23.' }),
}

/** The filter that the flags describe. A deleted user is still found by id. */
export async function auditQuery(
  deps: Deps,
  flags: Interfaces.InferredFlags<typeof auditFlags>,
  style: EventStyle = 'short',
): Promise<AuditQuery> {
  const userId = async (name: string) => (name.startsWith('usr_') ? name : (await resolveUser(deps, name)).id)
  return {
    events: flags.event?.split(',').map((glob) => glob.trim()),
    outcome: OUTCOMES.find((known) => known === flags.outcome),
    userId: flags.user === undefined ? undefined : await userId(flags.user),
    network: flags.ip,
    actor: flags.actor,
    requestId: flags['request-id'],
    select: flags.grep === undefined ? undefined : grepOf(flags.grep, style),
    since: flags.since,
    until: flags.until,
  }
}

function grepOf(expression: string, style: EventStyle): AuditQuery['select'] {
  const matches = lineFilter(expression)
  return (events) => {
    const isMatch = matches(events.map((event) => eventText(presentEvent(event), style)))
    return events.filter((_, index) => isMatch[index])
  }
}
