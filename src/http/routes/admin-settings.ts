import { z } from 'zod'
import { listSettings, setSetting, showSetting, unsetSetting } from '../../flows/operator/setting.ts'
import { presentSetting, settingResource } from '../../resources/setting.ts'
import { endpoint } from '../endpoint/endpoint.ts'

const tag = 'Admin: settings'
const read = { guard: { scope: 'settings:read' }, tag } as const
const write = { guard: { scope: 'settings:write' }, tag } as const

const list = endpoint({
  ...read,
  name: 'listSettings',
  method: 'GET',
  path: '/admin/settings',
  summary: 'List the live settings with their current values.',
  answers: { 200: { text: 'All live settings.', schema: z.array(settingResource) } },
  async handle(deps) {
    return { status: 200, body: (await listSettings(deps)).map(presentSetting) }
  },
})

const set = endpoint({
  ...write,
  name: 'setSetting',
  method: 'PATCH',
  path: '/admin/settings/:key',
  summary: 'Change a live setting. It takes effect in every instance within a second.',
  body: {
    type: 'json',
    schema: z.strictObject({
      value: z
        .union([z.string().max(2000), z.number(), z.boolean()])
        .meta({ examples: ['invite'] })
        .describe('The new value.'),
      accept_lockout: z.boolean().default(false).describe('Change it even if that may lock you out.'),
    }),
  },
  answers: { 200: { text: 'The current value.', schema: settingResource } },
  errors: ['LOCKOUT_RISK', 'CONFLICT'],
  async handle(deps, { params, body, actor }) {
    const key = params.key
    const own = actor.ip ?? undefined
    await setSetting(deps, actor, { key, value: String(body.value), own, acceptsLockout: body.accept_lockout })
    return { status: 200, body: presentSetting(await showSetting(deps, key)) }
  },
})

const unset = endpoint({
  ...write,
  name: 'unsetSetting',
  method: 'DELETE',
  path: '/admin/settings/:key',
  summary: 'Remove a setting, so that the value from file, environment or default applies again.',
  query: z.strictObject({
    accept_lockout: z.stringbool().default(false).describe('Remove it even if that may lock you out.'),
  }),
  answers: { 200: { text: 'The current value.', schema: settingResource } },
  errors: ['LOCKOUT_RISK', 'CONFLICT'],
  async handle(deps, { params, query, actor }) {
    const key = params.key
    const own = actor.ip ?? undefined
    await unsetSetting(deps, actor, { key, own, acceptsLockout: query.accept_lockout })
    return { status: 200, body: presentSetting(await showSetting(deps, key)) }
  },
})

export const adminSettingEndpoints = [list, set, unset]
