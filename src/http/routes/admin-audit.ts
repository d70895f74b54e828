import { z } from 'zod'
import { listAudit, showAudit } from '../../flows/audit/audit.ts'
import { REQUEST_ROWS } from '../../flows/pagination.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { eventResource, presentEvent } from '../../resources/audit-event.ts'
import { timeField } from '../../resources/shared-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'
import { limitField, PART, paginationHeaders } from './admin-pagination.ts'

const instant = timeField.transform((text) => Date.parse(text)).optional()

const audit = endpoint({
  name: 'listAuditEvents',
  method: 'GET',
  path: '/admin/audit',
  summary: 'List audit events, newest first.',
  tag: 'Admin: audit',
  guard: { scope: 'audit:read' },
  query: z.strictObject({
    limit: limitField,
    cursor: z.coerce.number().int().min(1).optional().describe('The cursor in the `Link` header of the previous part.'),
    event: z.string().max(500).optional().describe('Comma-separated globs, for example session.*,user.registered.'),
    outcome: z.enum(['success', 'failure']).optional().describe('Only events that succeeded or failed.'),
    user_id: z.string().max(100).optional().describe('Only events about this user.'),
    actor: z.string().max(200).optional().describe('Only events by this actor, for example `api-key:ID`.'),
    request_id: z.string().max(128).optional().describe('Only events of this request.'),
    ip: z.string().max(50).optional().describe('An address or network.'),
    since: instant.describe('Only events from this time on.'),
    until: instant.describe('Only events before this time.'),
  }),
  answers: { 200: { ...PART, schema: z.array(eventResource) } },
  async handle(deps, { query }) {
    const { limit, cursor: before, event, outcome, user_id: userId, actor, request_id: requestId } = query
    const filter = { events: event?.split(','), outcome, userId, actor, requestId, network: query.ip }
    const pagination = { limit, before, within: REQUEST_ROWS }
    const part = await listAudit(deps, { ...filter, since: query.since, until: query.until }, pagination)
    const given = Object.entries(query).filter(([name, value]) => name !== 'cursor' && value !== undefined)
    const kept = Object.fromEntries(given.map(([name, value]) => [name, String(value)]))
    const headers = paginationHeaders({ ...part, kept: { ...kept, ...timesOf(query) } })
    return { status: 200, headers, body: part.events.map(presentEvent) }
  },
})

/** The times as text. The parsed query has numbers. */
function timesOf({ since, until }: { since?: number | undefined; until?: number | undefined }): Record<string, string> {
  const times = Object.entries({ since, until }).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return Object.fromEntries(times.map(([name, at]) => [name, toRfc3339(at)]))
}

const event = endpoint({
  name: 'getAuditEvent',
  method: 'GET',
  path: '/admin/audit/:id',
  summary: 'Return an event and the other events of its request.',
  tag: 'Admin: audit',
  guard: { scope: 'audit:read' },
  answers: {
    200: {
      text: 'The event.',
      schema: z
        .strictObject({
          event: eventResource.describe('The event.'),
          request: z.array(eventResource).describe('The other events of its request.'),
        })
        .meta({ id: 'AuditEventOfRequest', description: 'An event, and the other events of its request.' }),
    },
  },
  errors: ['EVENT_NOT_FOUND'],
  async handle(deps, { params }) {
    const found = await showAudit(deps, params.id)
    return { status: 200, body: { event: presentEvent(found.event), request: found.request.map(presentEvent) } }
  },
})

export const adminAuditEndpoints = [audit, event]
