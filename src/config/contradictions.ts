import { FACTOR_RULES } from './factor-rules.ts'
import { MAIL_DOUBTS, MAIL_RULES } from './mail-rules.ts'
import type { Finding, Rule, RuleContext } from './rule.ts'
import type { Config } from './schema.ts'
import { SERVER_RULES } from './server-rules.ts'
import { SESSION_RULES } from './session-rules.ts'
import { SIGNIN_DOUBTS, SIGNIN_RULES } from './signin-rules.ts'
import { TOKEN_DOUBTS, TOKEN_RULES } from './token-rules.ts'
import { WEBHOOK_RULES } from './webhook-rules.ts'

/** Finds values that are valid alone, but contradict each other. */
export function findContradictions(config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return findings(RULES, config, broken, context)
}

/** Finds what is allowed, but probably not intended. */
export function findDoubts(config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return findings(DOUBTS, config, broken, context)
}

function findings(rules: Rule[], config: Config, broken: ReadonlySet<string>, context: RuleContext): Finding[] {
  return rules
    .filter(({ keys }) => !keys.some((key) => broken.has(key)))
    .flatMap(({ keys: [key], check }) => {
      const finding = check(config, context)
      return finding ? [{ key, ...finding }] : []
    })
}

/** Those of each part stand in its file. `protection` has one. */
const RULES: Rule[] = [
  ...SERVER_RULES,
  ...MAIL_RULES,
  ...SIGNIN_RULES,
  ...SESSION_RULES,
  ...TOKEN_RULES,
  ...WEBHOOK_RULES,
  ...FACTOR_RULES,
  {
    keys: ['cors.allow_all', 'cors.allowed_origins'],
    check: ({ cors }) =>
      cors.allowAll && cors.allowedOrigins.length > 0
        ? { message: 'cors.allow_all is true, but cors.allowed_origins is not empty', suggestion: 'Keep one of them' }
        : undefined,
  },
]

const DOUBTS: Rule[] = [...MAIL_DOUBTS, ...SIGNIN_DOUBTS, ...TOKEN_DOUBTS]
