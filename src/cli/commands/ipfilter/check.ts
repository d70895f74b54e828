import { Args, Flags } from '@oclif/core'
import { checkAddress } from '../../../flows/limits/ip-filter.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { operation } from '../../command.ts'

export default operation({
  examples: [
    'authd ipfilter check 203.0.113.9',
    "authd ipfilter check 10.0.0.5 --forwarded-for '203.0.113.9' --path /signin",
  ],
  args: { ip: Args.string({ required: true, description: 'IP addresses; - reads them from stdin.' }) },
  takesMany: 'new',
  flags: {
    path: Flags.string({
      default: '/',
      description: 'Path of the request. Rules can apply to /signin or /admin only.',
    }),
    'forwarded-for': Flags.string({
      description: 'Value of an X-Forwarded-For header. IP is then the address of the proxy.',
    }),
  },
  async run(deps, { flags, each, out }) {
    const { path, 'forwarded-for': forwardedFor } = flags
    const checked = await each((peer) => checkAddress(deps, { peer, path, forwardedFor }))
    const results = checked.map(({ ip, isBlocked, scope, rule, peer, isIgnored }) => ({
      ip,
      verdict: isBlocked ? 'blocked' : 'allowed',
      scope,
      rule: rule ? presentIpFilter(rule) : null,
      client_ip_source: isIgnored
        ? `socket: ${peer} is not a trusted proxy`
        : ip === peer
          ? 'socket'
          : 'X-Forwarded-For',
    }))
    const lines = results.map(({ ip, verdict, rule, client_ip_source: source }) => {
      const why = rule
        ? `${rule.id}  ${rule.action} ${rule.cidr}  "${rule.reason}" by ${rule.created_by}`
        : 'no rule; the default'
      return `${verdict}  ${ip}  ${why}${source === 'socket' ? '' : `  (${source})`}`
    })
    const [only] = results
    if (only && results.length === 1) out.object(only, lines)
    else out.many(results, lines)
    if (results.some(({ verdict }) => verdict === 'blocked')) process.exitCode = 1
  },
})
