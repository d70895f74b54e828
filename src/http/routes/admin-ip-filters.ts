import { z } from 'zod'
import { addIpFilters, listRules, removeIpFilters } from '../../flows/limits/ip-filter-admin.ts'
import { ownAddresses } from '../../platform/net/own-addresses.ts'
import { ipFilterResource, presentIpFilter } from '../../resources/ip-filter.ts'
import { timeField } from '../../resources/shared-fields.ts'
import { typedText } from '../../resources/text-fields.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const tag = 'Admin: IP filter'
const read = { guard: { scope: 'ipfilters:read' }, tag } as const
const write = { guard: { scope: 'ipfilters:write' }, tag } as const

const list = endpoint({
  ...read,
  name: 'listIpFilters',
  method: 'GET',
  path: '/admin/ipfilters',
  summary: 'List the rules in force.',
  query: z.strictObject({
    action: ipFilterResource.shape.action.optional(),
    expired: z.stringbool().default(false).describe('Also return rules that have expired.'),
  }),
  answers: { 200: { text: 'All rules.', schema: z.array(ipFilterResource) } },
  async handle(deps, { query: { action, expired: isExpired } }) {
    return { status: 200, body: (await listRules(deps, { action, isExpired })).map(presentIpFilter) }
  },
})

const add = endpoint({
  ...write,
  name: 'addIpFilter',
  method: 'POST',
  path: '/admin/ipfilters',
  summary: 'Add a rule. It takes effect in every instance within a second. A block ends the sessions it covers.',
  body: {
    type: 'json',
    schema: z.strictObject({
      cidr: z
        .string()
        .max(50)
        .meta({ examples: ['203.0.113.0/24'] })
        .describe('A network in CIDR notation, or an address.'),
      reason: typedText('rule_reason')
        .meta({ examples: ['credential stuffing'] })
        .describe('Why the rule is added.'),
      action: ipFilterResource.shape.action.default('block'),
      scope: ipFilterResource.shape.scope.default('all'),
      expires_at: timeField.nullable().default(null).describe('When the rule ends. `null`: never.'),
      keep_sessions: z.boolean().default(false).describe('Do not end the sessions that a block covers.'),
      accept_lockout: z.boolean().default(false).describe('Add the rule even if it may lock you out.'),
    }),
  },
  answers: { 201: { text: 'The rule.', schema: ipFilterResource } },
  errors: ['LOCKOUT_RISK'],
  async handle(deps, { body, actor }) {
    const { filters: added } = await addIpFilters(deps, actor, {
      rules: [{ cidr: body.cidr, reason: body.reason }],
      action: body.action,
      scope: body.scope,
      expiresAt: body.expires_at === null ? null : Date.parse(body.expires_at),
      keepSessions: body.keep_sessions,
      own: actor.ip ?? undefined,
      machine: ownAddresses(),
      acceptsLockout: body.accept_lockout,
    })
    return { status: 201, body: added.map(presentIpFilter)[0] }
  },
})

const remove = endpoint({
  ...write,
  name: 'removeIpFilter',
  method: 'DELETE',
  path: '/admin/ipfilters/:id',
  summary: 'Remove a rule.',
  query: z.strictObject({
    accept_lockout: z.stringbool().default(false).describe('Remove the rule even if that may lock you out.'),
  }),
  answers: { 204: { text: 'Removed.' } },
  errors: ['IP_FILTER_NOT_FOUND', 'LOCKOUT_RISK'],
  async handle(deps, { params, query, actor }) {
    const own = actor.ip ?? undefined
    await removeIpFilters(deps, actor, { names: [params.id], own, acceptsLockout: query.accept_lockout })
    return { status: 204 }
  },
})

export const adminIpFilterEndpoints = [list, add, remove]
