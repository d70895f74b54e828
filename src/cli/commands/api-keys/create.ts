import { Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { createApiKey, ROLES, SCOPES, type Scope } from '../../../flows/operator/api-key.ts'
import { toRfc3339 } from '../../../platform/clock.ts'
import { shell } from '../../../platform/shell.ts'
import { presentApiKey } from '../../../resources/api-key.ts'
import { operation } from '../../command.ts'
import { changeFlags, expiryFlag, typedFlag } from '../../flags.ts'

export default operation({
  examples: [
    'authd api-keys create --name shop --scope introspect --expires 90d',
    'authd api-keys create --name dashboard --role viewer --ip 10.0.0.0/8',
  ],
  flags: {
    name: typedFlag('key_name')({ required: true, description: 'Description.' }),
    scope: Flags.string({
      multiple: true,
      options: [...SCOPES],
      description: 'What the key may do. Repeatable.',
    }),
    role: Flags.string({ options: Object.keys(ROLES), description: 'A named set of scopes.' }),
    ip: Flags.string({ description: 'The only IP address or network that may use the key.' }),
    expires: expiryFlag({ description: 'Lifetime: 90d. Defaults to no expiry.' }),
    ...changeFlags,
  },
  prepare({ flags }) {
    const role = flags.role === undefined ? [] : ROLES[flags.role as keyof typeof ROLES]
    const scopes = [...new Set([...role, ...((flags.scope ?? []) as Scope[])])]
    if (scopes.length === 0) {
      throw new AuthdError('USAGE', {
        message: 'No scope given. Use --scope or --role.',
        suggestions: [shell`authd api-keys create --name ${flags.name} --role viewer`],
      })
    }
    return scopes
  },
  async run(deps, { flags, out, actor }, scopes) {
    const input = { name: flags.name, scopes, expiresAt: flags.expires ?? null, network: flags.ip ?? null }
    const { key, token } = await createApiKey(deps, actor, input)
    const end = flags.expires === undefined ? 'without an expiry' : `until ${out.time(toRfc3339(flags.expires))}`
    const from = flags.ip === undefined ? 'any network' : flags.ip
    const plan = `Would create the key "${key.name}" with ${scopes.join(', ')}, valid from ${from}, ${end}.` as const
    out.object({ ...presentApiKey(key), secret: token, changed: true }, [out.did(token, plan)])
    if (!flags['dry-run']) out.hint(`Created ${key.id}. Copy the key now: it cannot be shown again.`)
  },
})
