import type { Lockout } from '../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { describeUserAgent } from '../../platform/user-agent.ts'
import type { EventResource } from '../../resources/audit-event.ts'
import type { IpFilterResource } from '../../resources/ip-filter.ts'
import type { MailResource } from '../../resources/mail.ts'
import type { SessionResource } from '../../resources/session.ts'
import { peopleOf } from '../audit/event-line.ts'
import { showTime } from '../output/time.ts'
import type { Row, Table } from '../tui/screen-data.ts'
import { detailsOf } from './row-details.ts'
import { proposalsFor } from './row-keys.ts'

type Reason = string | undefined

/** `11:42:30` today, else `11-28 11:42`. */
const clockOf = (time: string) =>
  showTime(time, 'moment')
    .replace(/\.\d+Z$/, '')
    .replace(/^\d{4}-(.*):\d\dZ$/, '$1')

const AGO = (time: string | null) => showTime(time, 'relative')

export function eventTable(events: EventResource[], reason: Reason): Table {
  return {
    columns: [
      { header: 'TIME', least: 11, share: 0 },
      { header: 'EVENT', least: 26, share: 3 },
      { header: 'WHO', least: 20, share: 3 },
      { header: 'ADDRESS', least: 15, share: 1 },
      { header: 'DEVICE', least: 20, share: 1 },
    ],
    rows: events.map((event): Row => {
      const { metadata } = event
      const { whom, by } = peopleOf(event)
      const how = ['method', 'reason', 'policy', 'cidr', 'template', 'setting']
        .map((name) => metadata[name])
        .filter((value) => typeof value === 'string')
      return {
        key: event.id,
        cells: [
          clockOf(event.time),
          [event.event_type, ...how].join(' '),
          by === undefined ? whom : `${whom} by ${by}`,
          event.ip ?? '-',
          describeUserAgent(event.user_agent) ?? '',
        ],
        isBad: event.outcome === 'failure',
        details: detailsOf(event),
        proposals: proposalsFor({ session: event.session_id, ip: event.ip, email: event.email }, reason),
      }
    }),
    empty: 'No events yet.',
  }
}

export function sessionTable(sessions: SessionResource[], reason: Reason): Table {
  return {
    columns: [
      { header: 'WHO', least: 22, share: 3 },
      { header: 'BEGUN', least: 14, share: 0 },
      { header: 'SEEN', least: 14, share: 0 },
      { header: 'ADDRESS', least: 15, share: 1 },
      { header: 'DEVICE', least: 18, share: 1 },
      { header: 'BY', least: 10, share: 1 },
      { header: 'ID', least: 30, share: 0 },
    ],
    rows: sessions.map((session) => ({
      key: session.id,
      cells: [
        session.email,
        AGO(session.created_at),
        AGO(session.last_seen_at),
        session.ip ?? '-',
        session.device ?? '',
        session.amr.join('+'),
        session.id,
      ],
      isBad: false,
      // `token` is the id under an older name.
      details: detailsOf(session).filter(([name]) => name !== 'token'),
      proposals: proposalsFor({ session: session.id, ip: session.ip, email: session.email }, reason),
    })),
    empty: 'No active sessions.',
  }
}

/** Lockouts first: those users may be waiting for help. */
export function blockedTable(lockouts: Lockout[], rules: IpFilterResource[], reason: Reason): Table {
  const locked = lockouts.map((lockout) => {
    const { kind, email, failures, state, until } = lockout
    const untilText = until === null ? 'unlocked' : AGO(toRfc3339(until))
    return {
      key: `${kind} ${email}`,
      cells: ['locked', email, untilText, `${kind}: ${state.replaceAll('_', ' ')}`, `${failures} wrong`],
      isBad: true,
      details: detailsOf({ ...lockout, until: until === null ? null : toRfc3339(until) }),
      proposals: proposalsFor({ email }, reason),
    }
  })
  const ruled = rules.map((rule) => ({
    key: rule.id,
    cells: [
      rule.action === 'block' ? 'blocked' : 'allowed',
      rule.cidr,
      rule.expires_at === null ? 'removed' : AGO(rule.expires_at),
      rule.reason,
      rule.created_by,
    ],
    isBad: false,
    details: detailsOf(rule),
    proposals: proposalsFor({ rule }, reason),
  }))
  return {
    columns: [
      { header: 'STATE', least: 7, share: 0 },
      { header: 'WHO OR WHERE', least: 24, share: 2 },
      { header: 'UNTIL', least: 13, share: 0 },
      { header: 'WHY', least: 20, share: 3 },
      { header: 'BY', least: 12, share: 1 },
    ],
    rows: [...locked, ...ruled],
    empty: 'No lockouts and no IP filter rules.',
  }
}

export function mailTable(mails: MailResource[]): Table {
  return {
    columns: [
      { header: 'QUEUED', least: 14, share: 0 },
      { header: 'TO', least: 18, share: 1 },
      { header: 'TEMPLATE', least: 14, share: 0 },
      { header: 'STATE', least: 9, share: 0 },
      { header: 'TRIES', least: 5, share: 0 },
      { header: 'NEXT', least: 14, share: 0 },
      { header: 'LAST ERROR', least: 16, share: 4 },
    ],
    rows: mails.map((mail) => ({
      key: mail.id,
      cells: [
        AGO(mail.created_at),
        mail.to,
        mail.template,
        mail.state,
        String(mail.tries),
        AGO(mail.next_try_at),
        mail.last_error ?? '',
      ],
      isBad: mail.state === 'failed' || mail.state === 'expired',
      details: detailsOf(mail),
      proposals: {},
    })),
    empty: 'No mail was queued in the last 30 days.',
  }
}
