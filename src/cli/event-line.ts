import { styleText } from 'node:util'
import type { EventResource } from '../resources/audit-event.ts'

/** One event on one line, as an operator reads it. */
export function eventLine(event: EventResource): string {
  const { time, event_type, outcome, email, ip, actor, metadata } = event
  const reason = ['method', 'reason'].map((name) => metadata[name]).filter((value) => typeof value === 'string')
  const name = event_type.padEnd(26)
  const cells = [
    time.slice(11, 23),
    outcome === 'failure' ? styleText('red', name, { stream: process.stdout }) : name,
    (email ?? actor).padEnd(24),
    (ip ?? '-').padEnd(15),
    reason.join(' '),
    outcome === 'failure' ? 'failed' : '',
  ]
  return cells
    .join('  ')
    .replace(/\p{Cc}(?!\[\d+m)/gu, ' ')
    .trimEnd()
}
