import type { Problem } from './problem.ts'
import type { Config } from './schema.ts'

export interface RuleContext {
  isDev: boolean
  /** The key is set, not its default. */
  isSet: (key: string) => boolean
  /** The server secret, if it is known already. */
  serverSecret: string | undefined
}

export type Finding = Pick<Problem, 'key' | 'message' | 'suggestion'>

export interface Rule {
  /** The rule is skipped if one of these keys is broken. The finding is reported at the first one. */
  keys: [string, ...string[]]
  check: (config: Config, context: RuleContext) => Omit<Finding, 'key'> | undefined
}
