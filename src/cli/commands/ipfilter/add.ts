import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { addIpFilters, checkedCidr } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { operation } from '../../command.ts'
import { dryRunFlag } from '../../flags.ts'
import { isLockoutRisk, ruleFlags, ruleOptions } from '../../ip-rules.ts'
import { counted } from '../../output/count.ts'
import { suggesting } from '../../output/report.ts'

export default operation({
  examples: [
    'authd ipfilter add 203.0.113.0/24 --reason "credential stuffing" --expires 24h',
    'authd ipfilter add 198.51.100.0/24 --allow --scope admin --reason office',
  ],
  args: {
    cidr: Args.string({ required: true, description: 'IP addresses or networks; - reads them from stdin.' }),
  },
  takesMany: 'new',
  flags: { ...ruleFlags, ...dryRunFlag },
  async prepare({ flags, each, again }) {
    const { reason } = flags
    if (reason === undefined) {
      throw new AuthdError('USAGE', {
        message: '--reason is missing. Use it to say why the rule exists.',
        suggestions: [again('reason', '…')],
      })
    }
    const cidrs = await each((name) => checkedCidr(name).text)
    return cidrs.map((cidr) => ({ cidr, reason }))
  },
  async run(deps, { flags, out, actor, again }, rules) {
    const { filters, ended } = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      addIpFilters(deps, actor, { ...ruleOptions(flags, actor), rules }),
    )
    const verb = flags.allow ? out.did('Allowed', 'Would allow') : out.did('Blocked', 'Would block')
    const changes = filters.map((filter) => {
      const resource = presentIpFilter(filter)
      const until = resource.expires_at === null ? '' : ` until ${resource.expires_at}`
      return { resource, isChanged: true, text: `${verb} ${filter.cidr}${until}` }
    })
    out.changes(changes)
    if (ended.length > 0) out.hint(`${out.did('Ended', 'Would end')} ${counted(ended.length, 'live session')}.`)
  },
})
