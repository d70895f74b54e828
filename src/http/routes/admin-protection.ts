import { z } from 'zod'
import { addIpFilters, listRules, removeIpFilters } from '../../flows/limits/ip-filter-admin.ts'
import { getSetting, listSettings, setSetting, unsetSetting } from '../../flows/operator/setting.ts'
import { listLockouts } from '../../flows/policy/lockout-admin.ts'
import { toRfc3339 } from '../../platform/clock.ts'
import { sample, timeField } from '../../resources/field.ts'
import { ipFilterResource, presentIpFilter } from '../../resources/ip-filter.ts'
import { presentSetting, settingResource } from '../../resources/setting.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const filters = 'Admin: IP filter'
const settings = 'Admin: settings'

const listFilters = endpoint({
  method: 'GET',
  path: '/admin/ipfilters',
  summary: 'The rules that are in force.',
  tag: filters,
  guard: { scope: 'ipfilters:read' },
  query: z.strictObject({ action: ipFilterResource.shape.action.optional(), expired: z.stringbool().default(false) }),
  answers: { 200: { text: 'All of them.', schema: z.array(ipFilterResource) } },
  async handle(deps, { query: { action, expired: isExpired } }) {
    return { status: 200, body: (await listRules(deps, { action, isExpired })).map(presentIpFilter) }
  },
})

const addFilter = endpoint({
  method: 'POST',
  path: '/admin/ipfilters',
  summary: 'Add a rule, in force everywhere within a second; a block ends the sessions it covers.',
  tag: filters,
  guard: { scope: 'ipfilters:write' },
  body: {
    type: 'json',
    schema: z.strictObject({
      cidr: z
        .string()
        .max(50)
        .meta({ examples: ['203.0.113.0/24'] }),
      reason: z
        .string()
        .max(500)
        .meta({ examples: ['credential stuffing'] }),
      action: ipFilterResource.shape.action.default('block'),
      scope: ipFilterResource.shape.scope.default('all'),
      expires_at: timeField.nullable().default(null),
      keep_sessions: z.boolean().default(false),
      accept_lockout: z.boolean().default(false).describe('True: write a rule that may lock you out.'),
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
      acceptsLockout: body.accept_lockout,
    })
    return { status: 201, body: added.map(presentIpFilter)[0] }
  },
})

const removeFilter = endpoint({
  method: 'DELETE',
  path: '/admin/ipfilters/:id',
  summary: 'Take a rule away.',
  tag: filters,
  guard: { scope: 'ipfilters:write' },
  answers: { 204: { text: 'It is gone.' } },
  errors: ['IP_FILTER_NOT_FOUND'],
  async handle(deps, { params, actor }) {
    await removeIpFilters(deps, actor, [params.id])
    return { status: 204 }
  },
})

const lockouts = endpoint({
  method: 'GET',
  path: '/admin/lockouts',
  summary: 'What wrong codes hold up now.',
  tag: 'Admin: users',
  guard: { scope: 'users:read' },
  answers: {
    200: {
      text: 'All of it.',
      schema: z.array(
        z.strictObject({
          kind: sample('totp'),
          email: sample('ada@example.com'),
          failures: z.int().meta({ examples: [7] }),
          state: z.enum(['braked', 'off', 'long_codes', 'used_up']),
          until: timeField.nullable().meta({ examples: ['2026-11-26T12:02:00.000Z'] }),
        }),
      ),
    },
  },
  async handle(deps) {
    const held = await listLockouts(deps)
    const body = held.map(({ until, ...rest }) => ({ ...rest, until: until === null ? null : toRfc3339(until) }))
    return { status: 200, body }
  },
})

const listLive = endpoint({
  method: 'GET',
  path: '/admin/settings',
  summary: 'Every live key, with what is in force.',
  tag: settings,
  guard: { scope: 'settings:read' },
  answers: { 200: { text: 'All of them.', schema: z.array(settingResource) } },
  async handle(deps) {
    return { status: 200, body: (await listSettings(deps)).map(presentSetting) }
  },
})

const set = endpoint({
  method: 'PATCH',
  path: '/admin/settings/:key',
  summary: 'Set a live key, in every instance within a second.',
  tag: settings,
  guard: { scope: 'settings:write' },
  body: {
    type: 'json',
    schema: z.strictObject({
      value: z.union([z.string().max(2000), z.number(), z.boolean()]).meta({ examples: ['invite'] }),
      accept_lockout: z.boolean().default(false),
    }),
  },
  answers: { 200: { text: 'What is in force.', schema: settingResource } },
  errors: ['LOCKOUT_RISK'],
  async handle(deps, { params, body, actor }) {
    const key = params.key
    const own = actor.ip ?? undefined
    await setSetting(deps, actor, { key, value: String(body.value), own, acceptsLockout: body.accept_lockout })
    return { status: 200, body: presentSetting(await getSetting(deps, key)) }
  },
})

const unset = endpoint({
  method: 'DELETE',
  path: '/admin/settings/:key',
  summary: 'Take a setting away: file, environment and default count again.',
  tag: settings,
  guard: { scope: 'settings:write' },
  answers: { 200: { text: 'What is in force.', schema: settingResource } },
  async handle(deps, { params, actor }) {
    const key = params.key
    await unsetSetting(deps, actor, key)
    return { status: 200, body: presentSetting(await getSetting(deps, key)) }
  },
})

export const adminProtectionEndpoints = [listFilters, addFilter, removeFilter, lockouts, listLive, set, unset]
