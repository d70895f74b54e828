import { closest } from '../../platform/closest.ts'
import type { CommandClass } from '../command.ts'
import { COMMANDS } from '../commands/index.ts'
import { TOPIC_ALIASES, VERB_ALIASES } from '../spellings.ts'

export interface FoundCommand {
  /** `users list` */
  id: string
  argv: string[]
  load(): Promise<CommandClass>
}

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

/** The words that are neither a flag nor the value of a global flag. */
export function namedWords(words: string[]): string[] {
  return namesIn(words).map((index) => words[index] ?? '')
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

export function isTopic(word: string): boolean {
  return Object.keys(COMMANDS).some((id) => id.startsWith(`${TOPIC_ALIASES.get(word) ?? word} `))
}

/** The command whose name is closest to what was typed, if one is close. */
export function nearestCommand(typed: string): string | undefined {
  return closest(typed, Object.keys(COMMANDS))
}
