import { shellWord } from '../shell-word.ts'
import type { Proposal, Row } from '../tui/view.ts'

/** A block by one key is for a day: whoever wants it longer writes why. */
export const BLOCK_FOR = '24h'
/** Of a rule, unless --reason says better. */
export const RULE_REASON = 'seen in authd top'

/** What the keys may do to a row, by what it is about. `reason` is that of the command line. */
export function proposalsFor(
  about: {
    session?: string | null | undefined
    ip?: string | null | undefined
    email?: string | null | undefined
    rule?: { id: string; cidr: string } | undefined
  },
  reason: string | undefined,
): Row['proposals'] {
  const because = reason === undefined ? '' : ` --reason ${shellWord(reason)}`
  const { session, ip, email, rule } = about
  const unlock: Proposal | undefined = rule
    ? {
        question: `Take away the rule for ${rule.cidr}?`,
        about: [],
        command: `authd ipfilter remove ${rule.id}${because}`,
        action: { kind: 'remove_rule', target: rule.id },
      }
    : email
      ? {
          question: `Lift what wrong codes have braked for ${email}?`,
          about: ['What was counted against their mailbox is forgotten, too.'],
          command: `authd users unlock${because} ${operand(email)}`,
          action: { kind: 'unlock', target: email },
        }
      : undefined
  return {
    ...(session && {
      r: {
        question: `End the session${email ? ` of ${email}` : ''}?`,
        about: ['It is refused from the next request on, and its owner gets a mail.'],
        command: `authd sessions revoke ${shellWord(session)}${because}`,
        action: { kind: 'revoke' as const, target: session },
      },
    }),
    ...(ip && {
      b: {
        question: `Block ${ip} for ${BLOCK_FOR}?`,
        about: ['Sessions from there end. Behind a shared address it hits everybody there.'],
        command: `authd ipfilter add ${shellWord(ip)} --expires ${BLOCK_FOR} --reason ${shellWord(reason ?? RULE_REASON)}`,
        action: { kind: 'block' as const, target: ip },
      },
    }),
    ...(unlock && { u: unlock }),
  }
}

/** The last word of a command. A name that begins with a dash is no flag. */
function operand(text: string): string {
  return text.startsWith('-') ? `-- ${shellWord(text)}` : shellWord(text)
}
