import { Args } from '@oclif/core'
import { AuthdError } from '../../../errors.ts'
import { addIpFilters, checkedCidr, type NewRule } from '../../../flows/limits/ip-filter-admin.ts'
import { operation } from '../../command.ts'
import { completing } from '../../completion/offer.ts'
import { dryRunFlag } from '../../flags.ts'
import { isLockoutRisk, ruleFlags, ruleOptions } from '../../ip-rules.ts'
import { counted } from '../../output/count.ts'
import { firstOf, suggesting } from '../../output/report.ts'
import { parseTyped } from '../../parse-text.ts'
import { readInput } from '../../stdin.ts'

export default operation({
  examples: ['authd ipfilter import blocklist.txt --reason "blocklist of 2026-11-25" --expires 30d'],
  args: {
    file: completing(
      'files',
      Args.string({ required: true, description: 'File with one rule per line; - reads stdin.' }),
    ),
  },
  flags: { ...ruleFlags, ...dryRunFlag },
  async prepare({ args, flags }) {
    return await parseRules(args.file, await readInput(args.file), flags.reason)
  },
  async run(deps, { flags, out, actor, again }, rules) {
    const { filters, ended } = await suggesting(again('accept-risk', 'lockout'), isLockoutRisk, () =>
      addIpFilters(deps, actor, { ...ruleOptions(flags, actor), rules }),
    )
    const result = { rules: filters.length, ended_sessions: ended.length, changed: filters.length > 0 }
    out.object(result, [
      `${out.did('Wrote', 'Would write')} ${counted(filters.length, 'rule')}; ${out.did('ended', 'would end')} ${counted(ended.length, 'live session')}.`,
    ])
  },
})

/**
 * One rule per line. Text after `#` is the reason of that rule, in place of the flag's. Throws VALIDATION_ERROR with all
 * lines that are wrong.
 */
async function parseRules(file: string, text: string, reason: string | undefined): Promise<NewRule[]> {
  const rules: NewRule[] = []
  const problems: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [written = '', ...rest] = line.split('#')
    const cidr = written.trim()
    if (cidr === '') continue
    try {
      rules.push(await parseRule(cidr, rest.join('#').trim() || reason))
    } catch (error) {
      if (!(error instanceof AuthdError)) throw error
      problems.push(`${file === '-' ? 'stdin' : file}:${index + 1}: ${error.message}`)
    }
  }
  if (problems.length === 0) return rules
  throw new AuthdError('VALIDATION_ERROR', {
    lines: ['No rule was written.', ...firstOf(problems)],
    details: { problems },
  })
}

async function parseRule(cidr: string, reason: string | undefined): Promise<NewRule> {
  checkedCidr(cidr)
  if (reason !== undefined) return { cidr, reason: await parseTyped('rule_reason', reason) }
  throw new AuthdError('VALIDATION_ERROR', { message: `no reason. Use "${cidr} # why", or --reason for all.` })
}
