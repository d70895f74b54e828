import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { addIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { operation } from '../../command.ts'
import { dryRunFlag } from '../../flags.ts'
import { isLockoutRisk, ruleFlags, ruleOptions } from '../../ip-rules.ts'
import { counted } from '../../output/count.ts'
import { suggesting } from '../../output/report.ts'
import { readInput } from '../../stdin.ts'

export default operation({
  examples: ['authd ipfilter import blocklist.txt --reason "blocklist of 2026-11-25" --expires 30d'],
  args: { file: Args.string({ required: true, description: 'File with one rule per line; - reads stdin.' }) },
  flags: { ...ruleFlags, ...dryRunFlag },
  async prepare({ args, flags }) {
    return parseRules(await readInput(args.file), flags.reason)
  },
  async run(deps, { flags, out, actor, again }, rules) {
    const { filters, ended } = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      addIpFilters(deps, actor, { ...ruleOptions(flags), rules }),
    )
    const result = { rules: filters.length, ended_sessions: ended.length, changed: filters.length > 0 }
    out.object(result, [
      `${out.did('Wrote', 'Would write')} ${counted(filters.length, 'rule')}; ${out.did('ended', 'would end')} ${counted(ended.length, 'live session')}.`,
    ])
  },
})

/** One rule per line. Text after `#` is the reason of that rule, in place of the flag's. */
function parseRules(text: string, reason: string | undefined): { cidr: string; reason: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const [cidr = '', ...rest] = line.split('#')
    if (cidr.trim() === '') return []
    const own = rest.join('#').trim() || reason
    if (own === undefined) {
      throw new AuthdError('VALIDATION_ERROR', {
        message: `Line ${index + 1}: no reason. Use "${cidr.trim()} # why", or --reason for all.`,
      })
    }
    return [{ cidr: cidr.trim(), reason: own }]
  })
}
