import { Flags } from '@oclif/core'
import { AuthdError } from '../errors.ts'
import type { IpFilter } from '../store/ip-filters.ts'
import { reasonFlag } from './command.ts'
import { parseExpiry } from './output/time.ts'

/** What every command that writes rules takes. */
export const ruleFlags = {
  block: Flags.boolean({ description: 'Block (the default).', exclusive: ['allow'] }),
  allow: Flags.boolean({ description: 'Allow, even where a wider rule blocks.' }),
  ...reasonFlag,
  expires: Flags.string({ description: 'Remove the rule after this time: 24h.' }),
  scope: Flags.string({
    options: ['all', 'login', 'admin'],
    default: 'all',
    description: 'Apply to every request, to sign-in only, or to the admin API only.',
  }),
  'keep-sessions': Flags.boolean({ description: 'Do not end the sessions of blocked addresses.' }),
  'accept-risk': Flags.string({ options: ['lockout'], description: 'Add a rule that may lock you out.' }),
}

export interface RuleFlags {
  allow: boolean
  expires?: string | undefined
  scope: string
  'keep-sessions': boolean
  'accept-risk'?: string | undefined
}

/** The flags as the flow takes them. */
export function ruleOptions(flags: RuleFlags) {
  return {
    action: flags.allow ? ('allow' as const) : ('block' as const),
    scope: flags.scope as IpFilter['scope'],
    expiresAt: flags.expires === undefined ? null : parseExpiry(flags.expires, 'expires'),
    keepSessions: flags['keep-sessions'],
    own: process.env['SSH_CONNECTION']?.split(' ')[0],
    acceptsLockout: flags['accept-risk'] === 'lockout',
  }
}

/** A risk is taken by saying so: the command to type is in the error. */
export async function withRiskHint<Result>(again: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof AuthdError) || error.code !== 'LOCKOUT_RISK') throw error
    throw new AuthdError(error.code, { message: error.message, suggestions: [`${again} --accept-risk=lockout`] })
  }
}
