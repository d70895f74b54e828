import { Flags } from '@oclif/core'
import type { AuthdError } from '../errors.ts'
import type { Actor } from '../flows/record-event.ts'
import { ownAddresses } from '../platform/net/own-addresses.ts'
import type { IpFilter } from '../store/ip-filters.ts'
import { expiryFlag, typedFlag } from './flags.ts'
import { sshClient } from './operator.ts'

/** Flags of the commands that add rules. */
export const ruleFlags = {
  block: Flags.boolean({ description: 'Block (the default).', exclusive: ['allow'] }),
  allow: Flags.boolean({ description: 'Allow, even where a wider rule blocks.' }),
  reason: typedFlag('rule_reason')({ description: 'Reason for the rule and the audit log.' }),
  expires: expiryFlag({ description: 'Remove the rule after this time: 24h.' }),
  scope: Flags.string({
    options: ['all', 'login', 'admin'],
    default: 'all',
    description: 'Apply to every request, to sign-in only, or to the admin API only.',
  }),
  'keep-sessions': Flags.boolean({ description: 'Do not end the sessions of blocked addresses.' }),
  'accept-risk': Flags.string({
    options: ['lockout'],
    description: 'Allow a rule that may lock you out: --accept-risk=lockout.',
  }),
}

export interface RuleFlags {
  allow: boolean
  expires?: number | undefined
  scope: string
  'keep-sessions': boolean
  'accept-risk'?: string | undefined
}

/** The flags as input of the flow. */
export function ruleOptions(flags: RuleFlags, actor: Actor) {
  return {
    action: flags.allow ? ('allow' as const) : ('block' as const),
    scope: flags.scope as IpFilter['scope'],
    expiresAt: flags.expires ?? null,
    keepSessions: flags['keep-sessions'],
    own: sshClient(actor),
    machine: ownAddresses(),
    acceptsLockout: flags['accept-risk'] === 'lockout',
  }
}

export function isLockoutRisk({ code }: AuthdError): boolean {
  return code === 'LOCKOUT_RISK'
}
