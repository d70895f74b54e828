import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { addIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { dryRunFlag, operation } from '../../command.ts'
import { ruleFlags, ruleOptions, withRiskHint } from '../../ip-rules.ts'
import { shellWord } from '../../shell-word.ts'

export default operation({
  examples: [
    'authd ipfilter add 203.0.113.0/24 --reason "credential stuffing" --expires 24h',
    'authd ipfilter add 198.51.100.0/24 --allow --scope admin --reason office',
  ],
  args: {
    cidr: Args.string({ required: true, description: 'IP addresses or networks; - reads them from stdin.' }),
  },
  takesMany: true,
  flags: { ...ruleFlags, ...dryRunFlag },
  async run(deps, { flags, names, out, actor }) {
    const { reason } = flags
    const again = `authd ipfilter add ${names.join(' ')}`
    if (reason === undefined) {
      throw new AuthdError('USAGE', {
        message: '--reason is missing. Use it to say why the rule exists.',
        suggestions: [`${again} --reason "…"`],
      })
    }
    const input = { ...ruleOptions(flags), rules: names.map((cidr) => ({ cidr, reason })) }
    const { filters, ended } = await withRiskHint(
      `${again}${flags.allow ? ' --allow' : ''} --reason ${shellWord(reason)}`,
      () => addIpFilters(deps, actor, input),
    )
    const verb = flags.allow ? 'Allowed' : 'Blocked'
    const changes = filters.map((filter) => {
      const resource = presentIpFilter(filter)
      const until = resource.expires_at === null ? '' : ` until ${resource.expires_at}`
      return { resource, isChanged: true, text: `${verb} ${filter.cidr}${until}` }
    })
    out.changes(changes)
    if (ended.length > 0) out.hint(`${flags['dry-run'] ? 'would end' : 'ended'} ${ended.length} live sessions`)
  },
})
