import { plain } from '../../platform/plain-text.ts'
import type { EventResource } from '../../resources/audit-event.ts'
import { renderCard } from '../output/card.ts'
import type { Line } from '../output/clean.ts'

/** How times are shown: `out.moment`. */
type ShowTime = (time: string) => string

/** One event on one line, as an operator reads it. */
export function eventLine(event: EventResource, show: ShowTime): Line {
  const { time, event_type, outcome, ip, metadata } = event
  const { whom, by } = peopleOf(event)
  const reason = ['method', 'reason'].map((name) => metadata[name]).filter((value) => typeof value === 'string')
  const isBad = outcome === 'failure'
  const cells = [
    show(time).padEnd(13),
    event_type.padEnd(26),
    whom.padEnd(24),
    (ip ?? '-').padEnd(15),
    by === undefined ? '' : `by ${by}`,
    reason.join(' '),
    isBad ? 'failed' : '',
  ]
  const [when = '', what = '', who = '', where = '', ...rest] = cells
  return { text: [when, what, who, where, ...rest.filter((cell) => cell !== '')].join('  ').trimEnd(), isBad }
}

/** Whom an event is about, or else who did it; and who did it, if that is somebody else. */
export function peopleOf({ email, user_id, actor }: EventResource): { whom: string; by: string | undefined } {
  const whom = email ?? user_id ?? actor
  const isSelf = actor === whom || (user_id !== null && actor === `user:${user_id}`)
  return { whom, by: isSelf ? undefined : actor }
}

/** All fields of an event, one per line. */
export function eventCard(event: EventResource, show: ShowTime): string[] {
  return renderCard([
    ['event', `${event.event_type}  ${event.outcome}`],
    ['id', `${event.id}  number ${event.seq ?? 'not given yet'}`],
    ['time', show(event.time)],
    ['about', [event.email, event.user_id].filter((part) => part !== null).join('  ') || null],
    ['by', event.actor],
    ['from', [event.ip, event.user_agent].filter((part) => part !== null).join('  ') || null],
    ['session', event.session_id],
    ['request', event.request_id],
    ...Object.entries(event.metadata).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ])
}

/** The formats of `audit tail -o`: one line, or all fields below the line. */
export const EVENT_STYLES = {
  short: (event: EventResource, show: ShowTime): Line[] => [eventLine(event, show)],
  full: (event: EventResource, show: ShowTime): Line[] => [
    eventLine(event, show),
    ...eventCard(event, show).map((line) => `    ${line}`),
  ],
}

export type EventStyle = keyof typeof EVENT_STYLES

/** The text that `--grep` searches: without colour, with times in RFC 3339. */
export function eventText(event: EventResource, style: EventStyle): string {
  return EVENT_STYLES[style](event, (time) => time)
    .map((line) => plain(typeof line === 'string' ? line : line.text))
    .join('\n')
}
