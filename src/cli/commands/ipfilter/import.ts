import { existsSync, readFileSync } from 'node:fs'
import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { addIpFilters } from '../../../flows/limits/ip-filter-admin.ts'
import { dryRunFlag, operation } from '../../command.ts'
import { ruleFlags, ruleOptions, withRiskHint } from '../../ip-rules.ts'

export default operation({
  examples: ['authd ipfilter import blocklist.txt --reason "blocklist of 2026-11-25" --expires 30d'],
  args: { file: Args.string({ required: true, description: 'File with one rule per line; - reads stdin.' }) },
  flags: { ...ruleFlags, ...dryRunFlag },
  async run(deps, { args, flags, out, actor }) {
    if (args.file !== '-' && !existsSync(args.file)) {
      throw new AuthdError('NO_INPUT', { message: `${args.file} does not exist.` })
    }
    const rules = parseRules(readFileSync(args.file === '-' ? 0 : args.file, 'utf8'), flags.reason)
    const { filters, ended } = await withRiskHint(`authd ipfilter import ${args.file}`, () =>
      addIpFilters(deps, actor, { ...ruleOptions(flags), rules }),
    )
    const isDry = flags['dry-run']
    const result = { rules: filters.length, ended_sessions: ended.length, ...(isDry && { dry_run: true }) }
    const verb = isDry ? 'Would write' : 'Wrote'
    out.object(result, [`${verb} ${filters.length} rules; ended sessions: ${ended.length}.`])
  },
})

/** One rule a line; what stands after `#` is its reason, else the flag's. */
function parseRules(text: string, reason: string | undefined): { cidr: string; reason: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const [cidr = '', ...rest] = line.split('#')
    if (cidr.trim() === '') return []
    const own = rest.join('#').trim() || reason
    if (own === undefined) {
      throw new AuthdError('VALIDATION_ERROR', {
        message: `line ${index + 1}: no reason. Use "${cidr.trim()} # why", or --reason for all.`,
      })
    }
    return [{ cidr: cidr.trim(), reason: own }]
  })
}
