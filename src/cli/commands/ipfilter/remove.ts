import { Args, Flags } from '@oclif/core'
import { removeIpFilters, ruleFinder } from '../../../flows/limits/ip-filter-admin.ts'
import { presentIpFilter } from '../../../resources/ip-filter.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { changeFlags } from '../../flags.ts'
import { isLockoutRisk } from '../../ip-rules.ts'
import { sshClient } from '../../operator.ts'
import { suggesting } from '../../output/report.ts'

export default operation({
  examples: ['authd ipfilter remove 203.0.113.0/24 --reason "it was a customer"'],
  args: {
    rule: completing(
      'networks',
      Args.string({
        required: true,
        description: 'Networks or rule ids, as `authd ipfilter list` shows them. `-` reads them from stdin.',
      }),
    ),
  },
  takesMany: 'known',
  flags: {
    ...changeFlags,
    'accept-risk': Flags.string({
      options: ['lockout'],
      description: 'Allow a removal that may lock you out: --accept-risk=lockout.',
    }),
  },
  async run(deps, { flags, each, out, actor, again }) {
    const names = await each(await ruleFinder(deps))
    const removed = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      removeIpFilters(deps, actor, {
        names,
        own: sshClient(actor),
        acceptsLockout: flags['accept-risk'] === 'lockout',
      }),
    )
    const changes = removed.map((filter) => ({
      resource: presentIpFilter(filter),
      isChanged: true,
      text: `${out.did('Removed', 'Would remove')} ${filter.action} ${filter.cidr} (${filter.reason})`,
    }))
    out.changes(changes)
  },
})
