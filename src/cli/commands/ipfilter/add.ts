import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { dryRunFlag, OperatorCommand } from '../../command.ts'
import { ruleFlags, ruleOptions, withRiskHint } from '../../ip-rules.ts'
import { printChanges } from '../../output/changes.ts'
import { shellWord } from '../../shell-word.ts'

export default class IpfilterAdd extends OperatorCommand {
  static override summary = 'Block or allow networks. In force within a second; a block ends the sessions it covers.'
  static override examples = [
    'authd ipfilter add 203.0.113.0/24 --reason "credential stuffing" --expires 24h',
    'authd ipfilter add 198.51.100.0/24 --allow --scope admin --reason office',
  ]
  static override strict = false
  static override args = {
    cidr: Args.string({ required: true, description: 'Addresses or networks; - reads them from stdin.' }),
  }
  static override flags = { ...ruleFlags, ...dryRunFlag }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(IpfilterAdd)
    const { reason } = flags
    const names = await this.named(argv as string[])
    const again = `authd ipfilter add ${names.join(' ')}`
    if (reason === undefined) {
      throw new AuthdError('USAGE', {
        message: '--reason is missing: whoever finds the rule next year will want to know why.',
        suggestions: [`${again} --reason "…"`],
      })
    }
    const { addIpFilters } = await import('../../../flows/limits/ip-filter-admin.ts')
    await this.withDeps(flags, async (deps) => {
      const input = { ...ruleOptions(flags), rules: names.map((cidr) => ({ cidr, reason })) }
      const { filters, ended } = await withRiskHint(
        `${again}${flags.allow ? ' --allow' : ''} --reason ${shellWord(reason)}`,
        () => addIpFilters(deps, this.operator(reason), input),
      )
      const out = this.output(flags)
      const verb = flags.allow ? 'Allowed' : 'Blocked'
      const changes = filters.map((filter) => {
        const resource = presentIpFilter(filter)
        const until = resource.expires_at === null ? '' : ` until ${resource.expires_at}`
        return { resource, isChanged: true, text: `${verb} ${filter.cidr}${until}` }
      })
      printChanges(out, flags, changes)
      if (ended.length > 0) out.hint(`${flags['dry-run'] ? 'would end' : 'ended'} ${ended.length} live sessions`)
    })
  }
}
