import type { OperatorCommand } from './command.ts'
import { COMMANDS } from './commands/index.ts'

export type CommandClass = Omit<typeof OperatorCommand, 'prototype'> &
  (new (
    argv: string[],
    config: never,
  ) => OperatorCommand)

export interface FoundCommand {
  /** `users list` */
  id: string
  argv: string[]
  load(): Promise<CommandClass>
}

/** Singular spellings and the short verbs of the shell. */
const TOPIC_ALIASES: Record<string, string> = {
  user: 'users',
  session: 'sessions',
  key: 'keys',
  'api-key': 'api-keys',
  lockout: 'lockouts',
  ratelimits: 'ratelimit',
  ipfilters: 'ipfilter',
  setting: 'settings',
  suppression: 'suppressions',
  template: 'templates',
  setup: 'init',
  'test-email': 'email test',
}
const VERB_ALIASES: Record<string, string> = { ls: 'list', rm: 'delete' }

/** The command that these words begin with; flags may stand before and between them. */
export function commandFor(words: string[]): FoundCommand | undefined {
  const first = words.findIndex((word) => !word.startsWith('-'))
  if (first < 0) return undefined
  const [topic = '', ...rest] = words.slice(first)
  const expanded = [...(TOPIC_ALIASES[topic] ?? topic).split(' '), ...rest]
  const name = expanded[0] ?? ''
  const next = expanded[1] ?? ''
  const verb = VERB_ALIASES[next] ?? next
  // `migrate` alone is `migrate up`; no other topic has a command that runs by itself.
  const bare = next === '' || next.startsWith('-') ? `${name} up` : name
  for (const [id, taken] of [
    [`${name} ${verb}`, 2],
    [name, 1],
    [bare, 1],
  ] as const) {
    const load = COMMANDS[id]
    if (load)
      return {
        id,
        argv: [...words.slice(0, first), ...expanded.slice(taken)],
        load: async () => (await load()).default,
      }
  }
  return undefined
}

export function isTopic(word: string): boolean {
  return Object.keys(COMMANDS).some((id) => id.startsWith(`${TOPIC_ALIASES[word] ?? word} `))
}

/** The command spelt most like it, if one is. */
export function nearestCommand(typed: string): string | undefined {
  const ranked = Object.keys(COMMANDS)
    .map((id) => ({ id, distance: editDistance(typed, id) }))
    .sort((left, right) => left.distance - right.distance)
  return ranked[0] && ranked[0].distance <= 3 ? ranked[0].id : undefined
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...left].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...right].entries()) {
      const change = (previous[column] ?? 0) + (letter === other ? 0 : 1)
      current.push(Math.min(change, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1))
    }
    previous = current
  }
  return previous.at(-1) ?? 0
}
