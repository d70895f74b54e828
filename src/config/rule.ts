import type { Problem } from './problem.ts'
import type { Config } from './schema.ts'

export interface RuleContext {
  isDev: boolean
  /** Somebody wrote the key; it is not its default. */
  isSet: (key: string) => boolean
  /** The server secret, where it is known already. */
  serverSecret: string | undefined
}

export type Finding = Pick<Problem, 'key' | 'message' | 'suggestion'>

export interface Rule {
  /** The rule is passed over while one of these is broken. The first is where the finding is shown. */
  keys: [string, ...string[]]
  check: (config: Config, context: RuleContext) => Omit<Finding, 'key'> | undefined
}
