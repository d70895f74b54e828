import { closest } from '../../platform/closest.ts'
import type { CommandClass } from '../command.ts'
import { COMMANDS } from '../commands/index.ts'

export interface FoundCommand {
  /** `users list` */
  id: string
  argv: string[]
  load(): Promise<CommandClass>
}

/** Singular spellings and other names. */
const TOPIC_ALIASES = new Map([
  ['user', 'users'],
  ['session', 'sessions'],
  ['key', 'keys'],
  ['api-key', 'api-keys'],
  ['lockout', 'lockouts'],
  ['ratelimits', 'ratelimit'],
  ['ipfilters', 'ipfilter'],
  ['passkey', 'passkeys'],
  ['recovery-code', 'recovery-codes'],
  ['setting', 'settings'],
  ['suppression', 'suppressions'],
  ['template', 'templates'],
  ['webhook', 'webhooks'],
  ['mail', 'email'],
  ['setup', 'init'],
  ['test-email', 'email test'],
])

/** What other programs call a verb. The first that the topic has is meant; a verb of its own name comes before. */
const SYNONYMS: readonly [string[], string[]][] = [
  [
    ['ls', 'list'],
    ['list', 'queue'],
  ],
  [
    ['show', 'get', 'view', 'describe'],
    ['show', 'get'],
  ],
  [
    ['add', 'create', 'new'],
    ['add', 'create'],
  ],
  [
    ['delete', 'remove', 'rm', 'del'],
    ['delete', 'remove', 'revoke', 'clear', 'unset', 'reset'],
  ],
  [
    ['update', 'edit', 'change', 'modify'],
    ['update', 'set'],
  ],
]
const VERB_ALIASES = new Map(SYNONYMS.flatMap(([typed, meant]) => typed.map((verb) => [verb, meant] as const)))

/** The global flags whose next word is their value, not part of a command's name. */
export const VALUED_FLAGS = ['-c', '--config', '--fields', '--color', '--timeout', '--time']

/** The command with this name. Flags may stand before, between and after its words. */
export function commandFor(words: string[]): FoundCommand | undefined {
  const [first, second] = namesIn(words)
  if (first === undefined) return undefined
  const topic = words[first] ?? ''
  const name = TOPIC_ALIASES.get(topic) ?? topic
  const verb = second === undefined ? undefined : words[second]
  const verbs = verb === undefined ? [] : [verb, ...(VERB_ALIASES.get(verb) ?? [])]
  // `migrate` alone means `migrate up`. No other topic has a default command.
  const ids = [...verbs.map((each) => `${name} ${each}`), name, ...(verb === undefined ? [`${name} up`] : [])]
  const id = ids.find((each) => COMMANDS[each])
  const listed = id === undefined ? undefined : COMMANDS[id]
  if (id === undefined || !listed) return undefined
  const taken = verbs.some((each) => id === `${name} ${each}`) ? [first, second] : [first]
  return {
    id,
    argv: words.filter((_, index) => !taken.includes(index)),
    load: async () => (await listed.load()).default,
  }
}

/** Positions of the words that are neither a flag nor the value of a flag. */
function namesIn(words: string[]): number[] {
  const found: number[] = []
  for (let index = 0; index < words.length && words[index] !== '--'; index += 1) {
    const word = words[index] ?? ''
    if (VALUED_FLAGS.includes(word)) index += 1
    else if (!word.startsWith('-')) found.push(index)
  }
  return found
}

/** Every other spelling of a topic or of a command, with its name: `user` is `users`, and `users ls` is `users list`. */
export function spellings(ids: readonly string[]): Map<string, string> {
  const topics = [...new Set(ids.map((id) => id.split(' ')[0] ?? ''))]
  const verbs = topics.flatMap((topic) =>
    [...VERB_ALIASES].flatMap(([typed, meant]) => {
      const verb = [typed, ...meant].find((each) => ids.includes(`${topic} ${each}`))
      return verb === undefined || verb === typed ? [] : [[`${topic} ${typed}`, `${topic} ${verb}`] as const]
    }),
  )
  return new Map([...TOPIC_ALIASES, ...verbs])
}

export function isTopic(word: string): boolean {
  return Object.keys(COMMANDS).some((id) => id.startsWith(`${TOPIC_ALIASES.get(word) ?? word} `))
}

/** The command whose name is closest to what was typed, if one is close. */
export function nearestCommand(typed: string): string | undefined {
  return closest(typed, Object.keys(COMMANDS))
}
