import { stripVTControlCharacters, styleText } from 'node:util'
import type { EventResource } from '../../resources/audit-event.ts'
import { renderCard } from '../output/card.ts'

/** One event on one line, as an operator reads it. */
export function eventLine(event: EventResource): string {
  const { time, event_type, outcome, email, ip, actor, metadata } = event
  const reason = ['method', 'reason'].map((name) => metadata[name]).filter((value) => typeof value === 'string')
  const name = event_type.padEnd(26)
  const shown = outcome === 'failure' ? styleText('red', name, { stream: process.stdout }) : name
  const cells = [
    (email ?? actor).padEnd(24),
    (ip ?? '-').padEnd(15),
    reason.join(' '),
    outcome === 'failure' ? 'failed' : '',
  ]
  return [time.slice(11, 23), shown, ...cells.map(withoutControls)].join('  ').trimEnd()
}

/** Otherwise a line break or escape in a value could forge a line or a colour. */
function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}

/** All fields of an event, one per line. */
export function eventCard(event: EventResource): string[] {
  const card = renderCard([
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
  ])
  return card.map(withoutControls)
}

/** The formats of `audit tail -o`: one line, or all fields below the line. */
export const EVENT_STYLES = {
  short: eventLine,
  full: (event: EventResource) => [eventLine(event), ...eventCard(event).map((line) => `    ${line}`)].join('\n'),
}

export type EventStyle = keyof typeof EVENT_STYLES

/** The text that `--grep` searches, without colour. */
export function eventText(event: EventResource, style: EventStyle): string {
  return stripVTControlCharacters(EVENT_STYLES[style](event))
}
