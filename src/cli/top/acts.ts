import type { Deps } from '../../deps.ts'
import { sealAudit } from '../../flows/audit/numbering.ts'
import { addIpFilters, removeIpFilters } from '../../flows/limits/ip-filter-admin.ts'
import { unlockUsers } from '../../flows/policy/lockout-admin.ts'
import type { Actor } from '../../flows/record-event.ts'
import { revokeByOperator } from '../../flows/sessions/session-admin.ts'
import { toOperatorError } from '../../flows/shown-error.ts'
import { formatDuration } from '../../platform/duration.ts'
import { clearedText, hadLockout, NOTHING_CLEARED } from '../cleared-lockouts.ts'
import { isLockoutRisk, ruleOptions } from '../ip-rules.ts'
import { sshClient } from '../operator.ts'
import { counted } from '../output/count.ts'
import { suggesting } from '../output/report.ts'
import { parseExpiry } from '../output/time.ts'
import type { Action, Outcome } from '../tui/screen-data.ts'
import { BLOCK_FOR, blockCommand, RULE_REASON } from './row-keys.ts'

export interface Operator {
  /** The operator, for the audit log, with the reason given. */
  actor(reason: string | undefined): Actor
  reason: string | undefined
}

/** Does what was confirmed, as the command would. Returns the outcome and never throws. */
export async function act(deps: Deps, operator: Operator, action: Action): Promise<Outcome> {
  try {
    const lines = await ACTS[action.kind](deps, operator, action.target)
    await sealAudit(deps)
    return { isDone: true, lines }
  } catch (error) {
    const { message, suggestions } = toOperatorError(error)
    return { isDone: false, lines: [`Not done: ${message}`, ...suggestions.map((command) => `Try: ${command}`)] }
  }
}

const ACTS: Record<Action['kind'], (deps: Deps, operator: Operator, target: string) => Promise<string[]>> = {
  async revoke(deps, { actor, reason }, id) {
    const ended = await revokeByOperator(deps, actor(reason), { ids: [id] })
    if (ended.length === 0) return ['That session has already ended.']
    const ttl = formatDuration(deps.config.current().tokens.accessTtl)
    return ['Session ended.', `Access tokens already issued stay valid up to ${ttl} where apps verify offline.`]
  },

  async block(deps, { actor, reason: given }, ip) {
    const reason = given ?? RULE_REASON
    const rule = { allow: false, expires: parseExpiry(BLOCK_FOR), scope: 'all', 'keep-sessions': false }
    const options = ruleOptions(rule, actor(reason))
    const { filters, ended } = await suggesting(
      `${blockCommand(ip, reason)} --accept-risk=lockout`,
      isLockoutRisk,
      () => addIpFilters(deps, actor(reason), { ...options, rules: [{ cidr: ip, reason }] }),
    )
    const blocked = filters.map(({ cidr }) => `Blocked ${cidr} for ${BLOCK_FOR}.`)
    return ended.length > 0 ? [...blocked, `Ended ${counted(ended.length, 'live session')}.`] : blocked
  },

  async unlock(deps, { actor, reason }, email) {
    const done = await unlockUsers(deps, actor(reason), [email])
    return done.map(({ user, cleared }) =>
      cleared.length > 0
        ? `${hadLockout(cleared) ? 'Unlocked' : 'Reset for'} ${user.email}: ${clearedText(cleared)}.`
        : `${user.email} ${NOTHING_CLEARED}.`,
    )
  },

  async remove_rule(deps, { actor, reason }, id) {
    const removed = await removeIpFilters(deps, actor(reason), {
      names: [id],
      own: sshClient(actor(reason)),
      acceptsLockout: false,
    })
    return removed.map(({ cidr }) => `Removed the rule for ${cidr}.`)
  },
}
