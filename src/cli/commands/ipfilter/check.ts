import { Args, Flags } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { foldIp, ipMatcher } from '../../../platform/net/ip.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { OperatorCommand } from '../../command.ts'

export default class IpfilterCheck extends OperatorCommand {
  static override summary = 'Would these addresses get through? Exit code 1 if one is blocked.'
  static override examples = [
    'authd ipfilter check 203.0.113.9',
    "authd ipfilter check 10.0.0.5 --forwarded-for '203.0.113.9' --path /signin",
  ]
  static override strict = false
  static override args = { ip: Args.string({ required: true, description: 'Addresses; - reads them from stdin.' }) }
  static override flags = {
    path: Flags.string({ default: '/', description: 'Of the request: rules may be about /signin or /admin alone.' }),
    'forwarded-for': Flags.string({
      description: 'X-Forwarded-For as the proxy sends it; the address is the proxy then.',
    }),
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(IpfilterCheck)
    const { ipRules, judge, scopeOf } = await import('../../../flows/limits/ip-filter.ts')
    const { takeClient } = await import('../../../platform/net/forwarded.ts')
    const names = await this.named(argv as string[])
    await this.withDeps(flags, async (deps) => {
      const { server, ipfilter: defaults } = deps.config.current()
      const isTrusted = ipMatcher(server.trustedProxies)
      const rules = await ipRules(deps)
      const scope = scopeOf(flags.path)
      const results = names.map((name) => {
        const peer = foldIp(name.trim())
        if (peer === undefined) throw new AuthdError('USAGE', { message: `"${name}" is no address.` })
        const forwarded = flags['forwarded-for']
        const { ip, isIgnored } = takeClient(peer, { 'x-forwarded-for': forwarded }, isTrusted)
        const { isBlocked, rule } = judge(rules, { ip, scope, now: deps.clock.now(), defaults })
        const source = isIgnored ? `socket: ${peer} is no trusted proxy` : ip === peer ? 'socket' : 'X-Forwarded-For'
        return {
          ip,
          verdict: isBlocked ? 'blocked' : 'allowed',
          scope,
          rule: rule ? presentIpFilter(rule) : null,
          client_ip_source: source,
        }
      })
      const lines = results.map(({ ip, verdict, rule, client_ip_source: source }) => {
        const why = rule
          ? `${rule.id}  ${rule.action} ${rule.cidr}  "${rule.reason}" by ${rule.created_by}`
          : 'no rule; the default'
        return `${verdict}  ${ip}  ${why}${source === 'socket' ? '' : `  (${source})`}`
      })
      const [only] = results
      const out = this.output(flags)
      if (only && results.length === 1) out.object(only, lines)
      else out.many(results, lines)
      if (results.some(({ verdict }) => verdict === 'blocked')) process.exitCode = 1
    })
  }
}
