import { shell } from '../../platform/shell.ts'
import type { Proposal, Row } from '../tui/screen-data.ts'

/** A block by one key lasts one day. `ipfilter add` makes longer ones, with a reason. */
export const BLOCK_FOR = '24h'
/** Reason of a rule without --reason. */
export const RULE_REASON = 'seen in authd top'

/** Returns what the operator can do to a row, by key. `reason` is the value of `--reason`. */
export function proposalsFor(
  about: {
    session?: string | null | undefined
    ip?: string | null | undefined
    email?: string | null | undefined
    rule?: { id: string; cidr: string } | undefined
  },
  reason: string | undefined,
): Row['proposals'] {
  const because = reason === undefined ? [] : ['--reason', reason]
  const { session, ip, email, rule } = about
  const unlock: Proposal | undefined = rule
    ? {
        question: `Remove the rule for ${rule.cidr}?`,
        about: [],
        command: shell`authd ipfilter remove ${rule.id} ${because}`,
        action: { kind: 'remove_rule', target: rule.id },
      }
    : email
      ? {
          question: `Unlock ${email}?`,
          about: ['The limits counted for their mailbox are reset too.'],
          command: shell`authd users unlock ${because} ${email}`,
          action: { kind: 'unlock', target: email },
        }
      : undefined
  return {
    ...(session && {
      r: {
        question: `End the session${email ? ` of ${email}` : ''}?`,
        about: ['The next request with it is rejected. The user gets a mail.'],
        command: shell`authd sessions revoke ${session} ${because}`,
        action: { kind: 'revoke' as const, target: session },
      },
    }),
    ...(ip && {
      b: {
        question: `Block ${ip} for ${BLOCK_FOR}?`,
        about: ['Sessions from this network end. Every user behind a shared address is blocked.'],
        command: blockCommand(ip, reason ?? RULE_REASON),
        action: { kind: 'block' as const, target: ip },
      },
    }),
    ...(unlock && { u: unlock }),
  }
}

export function blockCommand(ip: string, reason: string): string {
  return shell`authd ipfilter add ${ip} --expires ${BLOCK_FOR} --reason ${reason}`
}
