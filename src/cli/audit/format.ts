import { BUILD } from '../../build-info.ts'
import { csvCell } from '../../platform/csv.ts'
import { plain } from '../../platform/plain-text.ts'
import type { EventResource } from '../../resources/audit-event.ts'
import { cleanJson } from '../output/clean.ts'

interface Format {
  head: string[]
  line(event: EventResource): string
}

const COLUMNS = [
  ...['seq', 'id', 'time', 'event_type', 'outcome', 'user_id', 'email', 'ip', 'user_agent', 'session_id'],
  ...['request_id', 'actor', 'metadata'],
] as (keyof EventResource)[]

/** Export formats of an event. */
export const AUDIT_FORMATS = {
  jsonl: { head: [], line: (event) => cleanJson(event) },
  csv: { head: [COLUMNS.join(',')], line: (event) => COLUMNS.map((name) => cellOf(event[name])).join(',') },
  cef: { head: [], line: cefLine },
} as const satisfies Record<string, Format>

export type AuditFormat = keyof typeof AUDIT_FORMATS

function cellOf(value: unknown): string {
  return csvCell(value === null ? '' : typeof value === 'object' ? cleanJson(value) : String(value))
}

/** ArcSight's Common Event Format: header fields escape `|`, extensions `=`, both `\`. A line break would end the event. */
function cefLine({ event_type, outcome, time, email, ip, actor, user_agent, request_id, id }: EventResource): string {
  const severity = outcome === 'failure' ? 5 : 3
  const fields = { rt: String(Date.parse(time)), outcome, externalId: id, suser: email, src: ip, cs1: actor }
  const more = { cs1Label: 'actor', requestClientApplication: user_agent, cs2: request_id, cs2Label: 'request_id' }
  const extension = Object.entries({ ...fields, ...more })
    .filter((entry): entry is [string, string] => entry[1] !== null)
    .map(([name, value]) => `${name}=${plain(value.replace(/[\\=]/g, '\\$&'))}`)
  const header = ['CEF:0', 'authd', 'authd', BUILD.version, event_type, event_type, severity]
  return [...header, extension.join(' ')].join('|')
}
